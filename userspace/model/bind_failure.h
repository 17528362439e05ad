// bind_failure.h - a bind, listen or connect that the kernel refused, and why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/model/binding.h"

namespace portwatch {

enum class Operation : std::uint8_t { bind, listen, connect };

struct BindFailure {
  Operation operation = Operation::bind;
  int error = 0;  // errno, positive
  // As asked for: port 0 is an automatic one. For connect: the local end, which
  // got no port.
  Endpoint requested;
  std::uint32_t netns = 0;
  std::optional<std::uint64_t> netns_cookie;
  Process process;
  // Nearest first, as they were at that instant. Empty: none was seen.
  std::vector<Process> parents;
  // What stood in the way at that instant. Empty optional: not looked at, or it
  // could not be; an empty list: nothing that is a socket.
  std::optional<std::vector<Binding>> blockers;
  std::uint64_t more_blockers = 0;  // that are not listed, for there are too many
  // One sentence for people: why it failed. Empty: not known.
  std::optional<std::string> why;

  friend bool operator==(const BindFailure&, const BindFailure&) = default;
};

std::string_view to_string(Operation operation);  // "bind", "listen", "connect"
std::optional<Operation> operation_from(std::string_view name);

// "EADDRINUSE" for 98; "errno 4711" for a number without a name.
std::string error_name(int number);

}  // namespace portwatch
