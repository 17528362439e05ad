#include "userspace/source/local_addresses.h"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "userspace/base/unique_fd.h"

namespace portwatch {
namespace {

constexpr std::size_t kAnswerBytes = 64 * 1024;  // netlink_dump fills 32 KiB
constexpr int kAnswerSeconds = 10;               // the kernel answers while asked

using NetlinkBytes = std::span<const std::byte>;

template <class Header>
std::optional<Header> read_header(NetlinkBytes bytes) {
  if (bytes.size() < sizeof(Header)) {
    return std::nullopt;
  }
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

NetlinkBytes behind(NetlinkBytes bytes, std::size_t size) {
  return bytes.subspan(
      std::min(bytes.size(), static_cast<std::size_t>(NLMSG_ALIGN(size))));
}

// The value of an attribute; empty when there is none.
NetlinkBytes attribute(NetlinkBytes bytes, int wanted) {
  while (const auto header = read_header<rtattr>(bytes)) {
    if (header->rta_len < sizeof *header || header->rta_len > bytes.size()) {
      break;
    }
    if ((header->rta_type & NLA_TYPE_MASK) == wanted) {
      return bytes.subspan(sizeof *header, header->rta_len - sizeof *header);
    }
    bytes = behind(bytes, header->rta_len);
  }
  return {};
}

std::uint32_t number_in(NetlinkBytes bytes) {
  return read_header<std::uint32_t>(bytes).value_or(0);
}

void add_route(NetlinkBytes message, std::vector<LocalAddress>& addresses) {
  const auto route = read_header<rtmsg>(message);
  if (!route || route->rtm_family != AF_INET ||
      route->rtm_table != RT_TABLE_LOCAL ||
      (route->rtm_type != RTN_LOCAL && route->rtm_type != RTN_BROADCAST) ||
      route->rtm_dst_len > 32) {
    return;
  }
  const NetlinkBytes attributes = behind(message, sizeof *route);
  const NetlinkBytes prefix = attribute(attributes, RTA_DST);
  LocalAddress& local = addresses.emplace_back();
  local.prefix_length = route->rtm_dst_len;
  local.broadcast = route->rtm_type == RTN_BROADCAST;
  local.interface_index = number_in(attribute(attributes, RTA_OIF));
  // Of the default route there is none, and memcpy() must not get a null pointer.
  std::copy_n(prefix.begin(), std::min<std::size_t>(prefix.size(), 4),
              reinterpret_cast<std::byte*>(local.address.data()));
}

void add_address(NetlinkBytes message, std::vector<LocalAddress>& addresses) {
  const auto facts = read_header<ifaddrmsg>(message);
  if (!facts || facts->ifa_family != AF_INET6) {
    return;
  }
  const NetlinkBytes attributes = behind(message, sizeof *facts);
  // With a peer's address (ip addr add A peer B) IFA_ADDRESS is the peer's.
  const NetlinkBytes own = attribute(attributes, IFA_LOCAL);
  const NetlinkBytes bytes = own.empty() ? attribute(attributes, IFA_ADDRESS) : own;
  const NetlinkBytes wide = attribute(attributes, IFA_FLAGS);
  const std::uint32_t flags = wide.empty() ? facts->ifa_flags : number_in(wide);
  if (bytes.size() != sizeof(AddressBytes)) {
    return;
  }
  LocalAddress& local = addresses.emplace_back();
  std::memcpy(local.address.data(), bytes.data(), bytes.size());
  local.family = Family::ipv6;
  local.prefix_length = 128;
  local.dad_failed = (flags & IFA_F_DADFAILED) != 0;
  // An optimistic address is in use while it is checked (RFC 4429).
  local.tentative =
      (flags & IFA_F_TENTATIVE) != 0 && (flags & IFA_F_OPTIMISTIC) == 0;
  local.interface_index = facts->ifa_index;
}

template <class Body>
struct DumpRequest {
  nlmsghdr header{};
  Body body{};
};

Result<UniqueFd> open_rtnetlink() {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd.valid()) {
    return errno_error(errno, "cannot open a NETLINK_ROUTE socket");
  }
  const timeval patience{kAnswerSeconds, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  // The kernel chooses the table (4.20); an older one sends all, add_route chooses.
  const int on = 1;
  setsockopt(fd.get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  return fd;
}

template <class Body>
Result<void> dump(const UniqueFd& fd, std::uint16_t type, const Body& body,
                  std::vector<LocalAddress>& addresses) {
  DumpRequest<Body> request;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body = body;
  if (send(fd.get(), &request, sizeof request, 0) < 0) {
    return errno_error(errno, "cannot ask for addresses by netlink");
  }
  std::vector<std::byte> buffer(kAnswerBytes);
  for (bool ended = false; !ended;) {
    const ssize_t got = recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return errno_error(errno, "cannot receive addresses by netlink");
    }
    const auto read =
        parse_addresses({buffer.data(), static_cast<std::size_t>(got)}, addresses);
    if (!read) {
      return Error{Errc::io, "the kernel's list of addresses is unreadable"};
    }
    ended = *read;
  }
  return {};
}

}  // namespace

std::optional<bool> parse_addresses(std::span<const std::byte> bytes,
                                    std::vector<LocalAddress>& addresses) {
  while (const auto header = read_header<nlmsghdr>(bytes)) {
    if (header->nlmsg_len < sizeof *header || header->nlmsg_len > bytes.size() ||
        header->nlmsg_type == NLMSG_ERROR) {
      return std::nullopt;
    }
    if (header->nlmsg_type == NLMSG_DONE) {
      return true;
    }
    const auto message =
        bytes.subspan(sizeof *header, header->nlmsg_len - sizeof *header);
    if (header->nlmsg_type == RTM_NEWROUTE) {
      add_route(message, addresses);
    } else if (header->nlmsg_type == RTM_NEWADDR) {
      add_address(message, addresses);
    }
    bytes = behind(bytes, header->nlmsg_len);
  }
  return bytes.empty() ? std::optional(false) : std::nullopt;
}

Result<std::vector<LocalAddress>> read_local_addresses() {
  const auto fd = open_rtnetlink();
  if (!fd) {
    return fd.error();
  }
  std::vector<LocalAddress> addresses;
  rtmsg route{};
  route.rtm_family = AF_INET;
  route.rtm_table = RT_TABLE_LOCAL;
  if (const auto got = dump(*fd, RTM_GETROUTE, route, addresses); !got) {
    return got.error();
  }
  ifaddrmsg address{};
  address.ifa_family = AF_INET6;
  if (const auto got = dump(*fd, RTM_GETADDR, address, addresses); !got) {
    return got.error();
  }
  return addresses;
}

}  // namespace portwatch
