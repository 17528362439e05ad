// hook_rule.h - one [[hook]] of the configuration: which changes, and what to do.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "userspace/model/change.h"

namespace portwatch {

struct HookRule {
  std::vector<ChangeType> on;
  // These narrow it; empty: everything. Users are names or numbers.
  std::vector<Port> ports;
  std::vector<std::string> units;
  std::vector<std::string> users;
  // One of the two: arguments, the program's absolute path first; or an URL.
  std::vector<std::string> exec;
  std::string webhook;
  std::chrono::milliseconds timeout{10'000};  // a run; a try of a webhook
  std::chrono::milliseconds cooldown{0};      // see Hooks
  unsigned retries = 2;                       // of a webhook, after the first try
  std::string origin;                         // "FILE:LINE", for people

  friend bool operator==(const HookRule&, const HookRule&) = default;
};

// Whether the change is of one of the types and about one of the ports, one of the
// units and one of the users: of the loop's subject, the process that failed, or
// those who created and hold the binding. A change without a port, as eventsLost,
// matches no rule that names ports, and so on.
bool matches(const HookRule& rule, const Change& change);

}  // namespace portwatch
