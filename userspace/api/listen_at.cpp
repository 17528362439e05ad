// listen_at.cpp - takes a socket path, from nobody who is alive.
//
// Two daemons that start at once must not both find a stale socket and both
// replace it. Looking and replacing is therefore done under flock(2) on
// PATH.lock. Not on the directory: everybody may open that, and could keep the
// daemon from ever starting. Not link(2)/rename(2) of a finished socket: that
// is atomic, but not together with the look before it. The lock file is ours
// alone (0600), is left in place (removing it would reopen the race) and is
// held for these few calls only: from then on the answering socket is the lock.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "userspace/api/socket_address.h"
#include "userspace/api/varlink_server.h"

namespace portwatch {
namespace {

Result<UniqueFd> lock_beside(const std::string& path) {
  const std::string name = path + ".lock";
  UniqueFd lock(
      open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) {
    return errno_error(errno, "cannot open " + name);
  }
  while (flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      return errno_error(errno, "cannot lock " + name);
    }
  }
  return lock;
}

Result<UniqueFd> make_socket() {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) {
    return errno_error(errno, "socket(AF_UNIX)");
  }
  return socket;
}

Error in_the_way(const std::string& path) {
  return {Errc::invalid, path + " is in the way and is no Varlink socket"};
}

// Removes the socket file of a daemon that is gone.
Result<void> clear_stale(const std::string& path, const sockaddr_un& address) {
  struct stat facts {};
  if (lstat(path.c_str(), &facts) != 0) {
    return errno == ENOENT ? Result<void>()
                           : errno_error(errno, "cannot look at " + path);
  }
  if (!S_ISSOCK(facts.st_mode)) {
    return in_the_way(path);
  }
  const Result<UniqueFd> probe = make_socket();
  if (!probe) {
    return probe.error();
  }
  if (::connect(probe->get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof address) == 0 ||
      errno == EAGAIN) {  // EAGAIN: alive, its backlog is full
    return Error{Errc::busy, "another portwatchd already answers at " + path};
  }
  if (errno == EPROTOTYPE) {  // a datagram socket
    return in_the_way(path);
  }
  if (errno != ECONNREFUSED && errno != ENOENT) {
    return errno_error(errno, "cannot ask who answers at " + path);
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return errno_error(errno, "cannot remove the stale socket " + path);
  }
  return {};
}

// The mode is set on the unbound socket first, so that the name is never more
// open than 0666 (unix(7): bind applies it minus the umask), and on the name
// before listen(2), so that nobody who gets in meets the umask's mode.
Result<void> bind_and_listen(int socket, const std::string& path,
                             const sockaddr_un& address) {
  constexpr mode_t kMode = 0666;
  if (fchmod(socket, kMode) != 0) {
    return errno_error(errno, "cannot set the mode of " + path);
  }
  if (bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
      0) {
    return errno_error(errno, "cannot bind " + path);
  }
  if (chmod(path.c_str(), kMode) != 0) {
    return errno_error(errno, "cannot set the mode of " + path);
  }
  if (listen(socket, SOMAXCONN) != 0) {
    return errno_error(errno, "cannot listen at " + path);
  }
  return {};
}

}  // namespace

Result<UniqueFd> VarlinkServer::listen_at(const std::string& path) {
  const Result<sockaddr_un> address = unix_address(path);
  if (!address) {
    return address.error();
  }
  const Result<UniqueFd> lock = lock_beside(path);
  if (!lock) {
    return lock.error();
  }
  if (const Result<void> clear = clear_stale(path, *address); !clear) {
    return clear.error();
  }
  Result<UniqueFd> socket = make_socket();
  if (!socket) {
    return socket.error();
  }
  if (const auto bound = bind_and_listen(socket->get(), path, *address); !bound) {
    return bound.error();
  }
  return socket;
}

}  // namespace portwatch
