// borrowed_socket.h - a look at another process's socket through a descriptor.
//
// Source: pidfd_open(2), pidfd_getfd(2) (Linux 5.6; ptrace rights are needed).
// While we hold it, a close(2) by its owner takes effect that much later: some
// microseconds. Threads: one.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <optional>

#include "fallback/fd_scan.h"
#include "userspace/base/linux_values.h"
#include "userspace/base/unique_fd.h"

namespace portwatch {

class SocketBorrower {
 public:
  // A descriptor of our own for the socket, or none: it is gone, the number
  // means another file by now, or we may not (this is counted).
  UniqueFd borrow(const FoundFd& socket);

  std::size_t refused() const { return refused_; }

 private:
  pid_t pid_ = 0;  // of pidfd_: descriptors of one process come in a row
  UniqueFd pidfd_;
  std::size_t refused_ = 0;
};

// getsockopt(2) for a value of fixed size; empty when it is refused.
template <class T>
std::optional<T> socket_option(const UniqueFd& socket, int level, int name) {
  T value{};
  socklen_t size = sizeof value;
  if (getsockopt(socket.get(), level, name, &value, &size) != 0) {
    return std::nullopt;
  }
  return value;
}

}  // namespace portwatch
