#include "fallback/sock_diag.h"

#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "userspace/base/linux_values.h"

namespace portwatch {
namespace {

// The kernel fills at most 32 KiB at a time (netlink_dump), and only when the
// reader once showed a buffer that large.
constexpr std::size_t kBufferBytes = 64 * 1024;
constexpr int kAttempts = 4;
constexpr int kReplySeconds = 10;  // the kernel answers while it is asked

// A whole list on a busy host is never without one that moves; of one port the
// answer must not be "free" because its socket was on the way. One that is bound
// and that nobody has open may be it, unless it stays so (`last`).
bool may_hide_the_only_one(const DumpPart& read, const DiagRequest& request,
                           const std::vector<SocketRecord>& sockets, bool last) {
  return read.moved && request.port != 0 &&
         std::none_of(sockets.begin(), sockets.end(), [&](const SocketRecord& one) {
           return one.local.port == request.port &&
                  (last || one.inode != 0 || one.state != SocketState::bound);
         });
}

Error broken(const std::string& why) {
  return {Errc::io, "the kernel's socket list is unreadable: " + why};
}

}  // namespace

SockDiag::SockDiag(UniqueFd socket)
    : socket_(std::move(socket)), buffer_(kBufferBytes) {}

Result<SockDiag> SockDiag::open() {
  UniqueFd fd(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!fd.valid()) {
    return errno_error(errno, "cannot open a NETLINK_SOCK_DIAG socket");
  }
  const timeval patience{kReplySeconds, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return SockDiag(std::move(fd));
}

Result<void> SockDiag::send(const DiagRequest& request) {
  const auto bytes = encode(request);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent =
      sendto(socket_.get(), bytes.data(), bytes.size(), 0,
             reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  if (sent < 0) {
    return errno_error(errno, "cannot ask for sockets by netlink");
  }
  return {};
}

Result<DumpPart> SockDiag::receive(const DiagRequest& request,
                                   std::vector<SocketRecord>& sockets) {
  sockaddr_nl from{};
  iovec part{buffer_.data(), buffer_.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const ssize_t got = recvmsg(socket_.get(), &message, 0);
  if (got < 0 && errno == EINTR) {
    return DumpPart{};
  }
  if (got < 0) {
    return errno_error(errno, "cannot receive sockets by netlink");
  }
  if ((message.msg_flags & MSG_TRUNC) != 0) {
    return broken("a message is larger than any that was asked for");
  }
  if (from.nl_pid != 0) {
    return DumpPart{};  // anybody may write to a netlink socket
  }
  return parse_dump({buffer_.data(), static_cast<std::size_t>(got)}, request,
                    sockets);
}

Result<DumpPart> SockDiag::receive_all(const DiagRequest& request,
                                       std::vector<SocketRecord>& sockets) {
  DumpPart all;
  while (!all.done) {
    const auto part = receive(request, sockets);
    if (!part) {
      return part.error();
    }
    all = {part->done, all.interrupted || part->interrupted,
           all.moved || part->moved, part->error};
  }
  return all;
}

Result<std::vector<SocketRecord>> SockDiag::dump(DiagRequest request) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    request.sequence = ++sequence_;
    if (const auto sent = send(request); !sent) {
      return sent.error();
    }
    std::vector<SocketRecord> sockets;
    const auto read = receive_all(request, sockets);
    if (!read) {
      return read.error();
    }
    if (read->error != 0) {
      return errno_error(read->error, "the kernel lists no " +
                                          std::string(to_string(request.protocol)) +
                                          " sockets");
    }
    const bool last = attempt + 1 == kAttempts;
    if (!read->interrupted &&
        !may_hide_the_only_one(*read, request, sockets, last)) {
      return sockets;
    }
  }
  return Error{Errc::timed_out,
               "the kernel's socket list changed whenever it was read"};
}

std::optional<std::string> SockDiag::interface_name(std::uint32_t index) const {
  ifreq request{};
  request.ifr_ifindex = static_cast<int>(index);
  if (index == 0 || ioctl(socket_.get(), SIOCGIFNAME, &request) != 0) {
    return std::nullopt;
  }
  return std::string(request.ifr_name, strnlen(request.ifr_name, IFNAMSIZ));
}

std::optional<std::uint64_t> SockDiag::netns_cookie() const {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (getsockopt(socket_.get(), SOL_SOCKET, kSoNetnsCookie, &cookie, &size) != 0) {
    return std::nullopt;
  }
  return cookie;
}

BoundProbe make_bound_probe() {
  BoundProbe probe;
  UniqueFd own(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  struct stat facts {};
  // Freebind: in a new namespace not even 127.0.0.1 exists yet.
  setsockopt(own.get(), IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
  if (bind(own.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
      getsockname(own.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
      fstat(own.get(), &facts) == 0) {
    probe = {std::move(own), ntohs(address.sin_port), facts.st_ino};
  }
  return probe;
}

}  // namespace portwatch
