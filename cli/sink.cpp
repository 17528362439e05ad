#include "cli/sink.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace portwatch::cli {

Result<void> FdSink::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd_, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {  // a pipe that its other users made non-blocking
      pollfd ready{fd_, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno_error(errno, "write");
    }
  }
  return {};
}

}  // namespace portwatch::cli
