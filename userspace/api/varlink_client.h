// varlink_client.h - asks a portwatchd; blocking, with a deadline on each call.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/unique_fd.h"
#include "userspace/model/answer.h"
#include "userspace/model/change.h"
#include "userspace/model/status.h"

namespace portwatch {

inline constexpr const char* kSystemSocket = "/run/portwatch/io.portwatch";

class VarlinkClient {
 public:
  // Errors: not_found (no such socket), not_permitted, invalid (not a socket,
  // path too long), closed (nobody listens), timed_out.
  static Result<VarlinkClient> connect(const std::string& path,
                                       std::chrono::milliseconds timeout);

  // Method Who when the question has a port, List otherwise.
  // Errors: timed_out; closed; invalid (the reply is no Varlink or lacks a
  // field); overloaded, not_permitted, not_supported as the daemon says.
  Result<Answer> ask(const Question& question);
  Result<Status> status();

  struct WatchRequest {
    std::vector<ChangeType> events;  // empty: all
    std::vector<Port> ports;         // empty: all
    std::size_t recent = 0;          // that many past ones first
  };
  // Calls `on_change` for every event until it returns false, the deadline
  // (none: wait for ever) passes (timed_out) or the daemon goes (closed).
  Result<void> watch(const WatchRequest& request,
                     std::optional<std::chrono::milliseconds> timeout,
                     const std::function<bool(const Change&)>& on_change);

 private:
  VarlinkClient(UniqueFd socket, std::chrono::milliseconds timeout)
      : socket_(std::move(socket)), timeout_(timeout) {}

  UniqueFd socket_;
  std::chrono::milliseconds timeout_;
  std::string buffer_;  // bytes read beyond the last message
};

}  // namespace portwatch
