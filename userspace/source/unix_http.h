// unix_http.h - one GET to an HTTP server on a Unix socket.
//
// By libcurl, which is loaded when the first question is asked: it brings some
// thirty libraries along, and neither a command that answers within a few
// milliseconds nor a daemon on a host without containers needs them. Where it is
// not installed, nothing is asked (not_supported). Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

#include "userspace/base/result.h"

namespace portwatch {

struct UnixGet {
  std::string socket;                         // path of the Unix socket
  std::string target;                         // "/containers/json"
  std::chrono::milliseconds timeout{0};       // for all of it
  std::size_t max_bytes = 0;                  // of the body
  const std::atomic<bool>* cancel = nullptr;  // looked at once a second at least
};

// The body of a 200. Errors: not_found (nobody listens there), timed_out,
// overloaded (the body is too long), closed (cancelled), not_supported (no
// libcurl), io (anything else, and every other status).
Result<std::string> http_get(const UnixGet& request);

}  // namespace portwatch
