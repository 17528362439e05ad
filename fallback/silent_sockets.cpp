#include "fallback/silent_sockets.h"

#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "fallback/borrowed_socket.h"

namespace portwatch {
namespace {

std::optional<bool> flag(const UniqueFd& socket, int level, int name) {
  const auto value = socket_option<int>(socket, level, name);
  return value ? std::optional(*value != 0) : std::nullopt;
}

struct stat facts_of(const UniqueFd& file) {
  struct stat facts {};
  fstat(file.get(), &facts);
  return facts;
}

// The port is in no table only while the socket is neither connected nor
// listening: TCP_CLOSE.
bool is_idle_tcp(const UniqueFd& socket) {
  const int protocol =
      socket_option<int>(socket, SOL_SOCKET, SO_PROTOCOL).value_or(0);
  if (socket_option<int>(socket, SOL_SOCKET, SO_TYPE) != SOCK_STREAM ||
      (protocol != IPPROTO_TCP && protocol != kIpprotoMptcp)) {
    return false;
  }
  const auto info = socket_option<tcp_info>(socket, IPPROTO_TCP, TCP_INFO);
  // MPTCP has no TCP_INFO before its first connection; then accept(2) decides.
  return info ? info->tcpi_state == TCP_CLOSE
              : socket_option<int>(socket, SOL_SOCKET, SO_ACCEPTCONN) == 0;
}

// Has it sent anything, ever? tcp_info::tcpi_segs_out (4.2) is beyond the
// struct of older C libraries: linux/tcp.h, offset 136.
bool was_connected(const UniqueFd& socket) {
  constexpr std::size_t kSegsOut = 136;
  std::array<std::byte, 256> info{};
  socklen_t size = info.size();
  std::uint32_t segments = 0;
  if (getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, info.data(), &size) == 0 &&
      size >= kSegsOut + sizeof segments) {
    std::memcpy(&segments, info.data() + kSegsOut, sizeof segments);
  }
  return segments != 0;
}

bool read_name(const UniqueFd& socket, Endpoint& local) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    return false;
  }
  if (name.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &name, sizeof in);
    std::memcpy(local.address.data(), &in.sin_addr, sizeof in.sin_addr);
    local.port = ntohs(in.sin_port);
  } else if (name.ss_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, &name, sizeof in6);
    local.family = Family::ipv6;
    std::memcpy(local.address.data(), &in6.sin6_addr, sizeof in6.sin6_addr);
    local.port = ntohs(in6.sin6_port);
  }
  return local.port != 0;
}

std::optional<SocketRecord> describe(const UniqueFd& socket, std::uint64_t inode) {
  SocketRecord record;
  if (!read_name(socket, record.local)) {
    return std::nullopt;
  }
  record.local.protocol =
      socket_option<int>(socket, SOL_SOCKET, SO_PROTOCOL) == kIpprotoMptcp
          ? Protocol::mptcp
          : Protocol::tcp;
  record.state = SocketState::bound;
  record.inode = inode;
  record.layer_known = true;
  record.reuse_addr = flag(socket, SOL_SOCKET, SO_REUSEADDR);
  record.reuse_port = flag(socket, SOL_SOCKET, SO_REUSEPORT);
  if (record.local.family == Family::ipv6) {
    record.ipv6_only = flag(socket, IPPROTO_IPV6, IPV6_V6ONLY);
  }
  const auto device = socket_option<std::array<char, IFNAMSIZ>>(socket, SOL_SOCKET,
                                                                SO_BINDTODEVICE);
  if (device && device->front() != '\0') {
    record.interface =
        std::string(device->data(), strnlen(device->data(), IFNAMSIZ));
  }
  return record;
}

class Search {
 public:
  explicit Search(const std::vector<Namespace>& namespaces)
      : namespaces_(namespaces) {}

  void inspect(const FoundFd& candidate) {
    const UniqueFd socket = borrower_.borrow(candidate);
    if (!socket.valid() || !is_idle_tcp(socket)) {
      return;
    }
    auto record = describe(socket, candidate.inode);
    if (!record) {
      return;
    }
    if (was_connected(socket)) {
      view_.uncertain.push_back(record->local.port);
      return;
    }
    if (const Namespace* where = namespace_of(socket)) {
      view_.sockets.push_back(
          {*record, where,
           socket_option<std::uint64_t>(socket, SOL_SOCKET, kSoNetnsCookie)});
    }
  }

  SilentView finish(FdScan scan) {
    if (borrower_.refused() != 0 || !scan.refused.empty() || scan.hidden) {
      view_.missing.push_back(
          {"sockets",
           "this backend does not show those that are bound and do not listen in "
           "processes not visible to " +
               seen_by()});
    }
    view_.scan = std::move(scan);
    return std::move(view_);
  }

 private:
  // By SIOCGSKNS (4.9, CAP_NET_ADMIN); without the right to ask there is only
  // our own namespace to see, and its cookie to compare.
  const Namespace* namespace_of(const UniqueFd& socket) {
    const UniqueFd handle(ioctl(socket.get(), SIOCGSKNS));
    for (const Namespace& where : namespaces_) {
      if (handle.valid() ? facts_of(handle).st_ino == where.inode
                         : where.own() && is_own(socket)) {
        return &where;
      }
    }
    return nullptr;
  }

  static bool is_own(const UniqueFd& socket) {
    const UniqueFd ours(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto cookie =
        socket_option<std::uint64_t>(ours, SOL_SOCKET, kSoNetnsCookie);
    return cookie && cookie == socket_option<std::uint64_t>(socket, SOL_SOCKET,
                                                            kSoNetnsCookie);
  }

  const std::vector<Namespace>& namespaces_;
  SilentView view_;
  SocketBorrower borrower_;
};

// One descriptor of each socket that no table shows, grouped by process.
std::vector<FoundFd> candidates(const FdScan& scan,
                                const std::vector<std::uint64_t>& in_tables) {
  std::vector<FoundFd> chosen;
  std::uint64_t last = 0;
  for (const FoundFd& found : scan.found) {
    if (found.inode != last &&
        !std::binary_search(in_tables.begin(), in_tables.end(), found.inode)) {
      chosen.push_back(found);
    }
    last = found.inode;
  }
  std::sort(chosen.begin(), chosen.end(),
            [](const FoundFd& a, const FoundFd& b) { return a.pid < b.pid; });
  return chosen;
}

}  // namespace

Result<SilentView> find_silent_sockets(const std::vector<std::uint64_t>& in_tables,
                                       const std::vector<Namespace>& namespaces) {
  auto scan = scan_fds({true, {}}, ScanDepth::processes);
  if (!scan) {
    return scan.error();
  }
  Search search(namespaces);
  for (const FoundFd& candidate : candidates(*scan, in_tables)) {
    search.inspect(candidate);
  }
  return search.finish(std::move(*scan));
}

}  // namespace portwatch
