#include "fallback/borrowed_socket.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>

namespace portwatch {

UniqueFd SocketBorrower::borrow(const FoundFd& wanted) {
  if (wanted.pid != pid_) {
    pid_ = wanted.pid;
    pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  }
  UniqueFd socket(
      static_cast<int>(syscall(SYS_pidfd_getfd, pidfd_.get(), wanted.fd, 0)));
  if (!socket.valid()) {
    // EBADF: the descriptor is gone, or (no pidfd) the process is.
    refused_ += errno != ESRCH && errno != EBADF ? 1 : 0;
    return socket;
  }
  struct stat facts {};
  if (fstat(socket.get(), &facts) != 0 || facts.st_ino != wanted.inode) {
    socket.reset();
  }
  return socket;
}

}  // namespace portwatch
