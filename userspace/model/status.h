// status.h - what the daemon says about itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/model/answer.h"

namespace portwatch {

// One attachment to the kernel.
struct HookStatus {
  std::string name;  // "cgroup/post_bind4"
  bool attached = false;
  std::string error;         // why not; empty when attached
  std::uint64_t missed = 0;  // runs that the kernel skipped (recursion)
  friend bool operator==(const HookStatus&, const HookStatus&) = default;
};

struct Status {
  std::string version;
  pid_t pid = 0;
  Source source = Source::ebpf;
  Confidence confidence = Confidence::exact;
  std::vector<Missing> missing;
  std::vector<HookStatus> hooks;
  std::uint64_t events = 0;       // records received since the start
  std::uint64_t events_lost = 0;  // records lost since the start
  std::uint64_t resyncs = 0;
  std::uint64_t full_passes = 0;    // over every descriptor of the host
  std::optional<std::string> pins;  // directory; empty: a restart forgets
  std::uint64_t bindings = 0;       // sockets in the table
  std::uint64_t clients = 0;
  std::uint64_t subscribers = 0;
  std::uint64_t resident_bytes = 0;
  WallTime started{};
  std::uint64_t uptime_seconds = 0;
  friend bool operator==(const Status&, const Status&) = default;
};

}  // namespace portwatch
