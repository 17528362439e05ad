#include "fallback/inet_diag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

namespace portwatch {
namespace {

// Constants that Debian 12's kernel headers may lack.
constexpr int kMptcpNumber = 262;
constexpr std::uint16_t kReqProtocol = 3;  // INET_DIAG_REQ_PROTOCOL, 5.9
constexpr std::int32_t kMaxErrno = 4095;   // linux/err.h
constexpr std::uint16_t kTypeMask = 0x3fff;
// With INET_DIAG_INFO the kernel also tells the upper layer of a TCP socket: the
// mark of those that belong to an MPTCP one.
constexpr std::uint8_t kWantedExtensions = 1 << (INET_DIAG_INFO - 1);

using Bytes = std::span<const std::byte>;

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 body;
  nlattr protocol_head;
  std::uint32_t protocol;
};
struct OldRequest {
  nlmsghdr header;
  inet_diag_req body;
  nlattr filter_head;
  std::array<inet_diag_bc_op, 5> filter;
};
static_assert(sizeof(OldRequest) == 16 + 60 + 4 + 20, "no padding");
static_assert(sizeof(Request) == 16 + 56 + 8, "no padding between the parts");

int number_of(Protocol protocol) {
  constexpr std::array<int, 5> kNumbers = {IPPROTO_TCP, IPPROTO_UDP, kMptcpNumber,
                                           IPPROTO_UDPLITE, IPPROTO_SCTP};
  return kNumbers[static_cast<std::size_t>(protocol)];
}

// Copies a T off the front, as far as alignment is concerned from anywhere.
template <class T>
std::optional<T> copy_front(Bytes bytes) {
  if (bytes.size() < sizeof(T)) {
    return std::nullopt;
  }
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

Bytes after(Bytes bytes, std::size_t count) {
  return bytes.subspan(std::min(bytes.size(), (count + 3) & ~std::size_t{3}));
}

// Calls back for every attribute that is complete: type, value.
template <class Callback>
void for_each_attribute(Bytes bytes, Callback callback) {
  while (const auto head = copy_front<nlattr>(bytes)) {
    if (head->nla_len < sizeof(nlattr) || head->nla_len > bytes.size()) {
      return;
    }
    callback(static_cast<std::uint16_t>(head->nla_type & kTypeMask),
             bytes.subspan(sizeof(nlattr), head->nla_len - sizeof(nlattr)));
    bytes = after(bytes, head->nla_len);
  }
}

bool names_mptcp(Bytes ulp_info) {
  bool found = false;
  for_each_attribute(ulp_info, [&](std::uint16_t type, Bytes value) {
    const auto* text = reinterpret_cast<const char*>(value.data());
    const std::string_view name(text, value.size());
    found = found || (type == INET_ULP_INFO_NAME &&
                      name.substr(0, name.find('\0')) == "mptcp");
  });
  return found;
}

void add_attributes(Bytes bytes, SocketRecord& socket) {
  for_each_attribute(bytes, [&](std::uint16_t type, Bytes value) {
    if (type == INET_DIAG_SKV6ONLY && !value.empty() &&
        socket.local.family == Family::ipv6) {
      socket.ipv6_only = value[0] != std::byte{0};
    } else if (type == INET_DIAG_MARK) {
      // Only for those with CAP_NET_ADMIN, whom every kernel since 5.4 also
      // tells the upper layer, if the socket is more than bound.
      socket.layer_known = socket.state != SocketState::bound;
    } else if (type == INET_DIAG_ULP_INFO && names_mptcp(value)) {
      socket.local.protocol = Protocol::mptcp;
    }
  });
}

AddressBytes address_of(const __be32 (&words)[4], Family family) {
  AddressBytes address{};
  std::memcpy(address.data(), words, family == Family::ipv4 ? 4 : 16);
  return address;
}

std::optional<SocketRecord> parse_socket(Bytes payload, Protocol protocol) {
  const auto facts = copy_front<inet_diag_msg>(payload);
  const auto state = facts ? socket_state(facts->idiag_state) : std::nullopt;
  if (!state || facts->id.idiag_sport == 0 ||
      (facts->idiag_family != AF_INET && facts->idiag_family != AF_INET6)) {
    return std::nullopt;
  }
  SocketRecord socket;
  Endpoint& local = socket.local;
  local.protocol = protocol;
  local.family = facts->idiag_family == AF_INET ? Family::ipv4 : Family::ipv6;
  local.address = address_of(facts->id.idiag_src, local.family);
  local.port = ntohs(facts->id.idiag_sport);
  socket.remote = address_of(facts->id.idiag_dst, local.family);
  socket.remote_port = ntohs(facts->id.idiag_dport);
  socket.state = *state;
  socket.inode = facts->idiag_inode;
  socket.interface_index = facts->id.idiag_if;
  if (*state == SocketState::closing && facts->idiag_timer == kTimeWaitTimer) {
    socket.remaining = std::chrono::milliseconds(facts->idiag_expires);
    socket.fin_wait2 = facts->idiag_state == kFinWait2;
  }
  add_attributes(after(payload, sizeof(inet_diag_msg)), socket);
  return socket;
}

// Nobody has this socket open, or it has no port any more.
bool has_moved(Bytes payload, Protocol protocol) {
  const auto facts = copy_front<inet_diag_msg>(payload);
  return facts && (facts->id.idiag_sport == 0 ||
                   (protocol == Protocol::tcp && facts->idiag_inode == 0 &&
                    facts->idiag_state == TCP_CLOSE));
}

nlmsghdr header(std::uint16_t type, std::size_t size, const DiagRequest& request) {
  nlmsghdr out{};
  out.nlmsg_len = static_cast<std::uint32_t>(size);
  out.nlmsg_type = type;
  out.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  out.nlmsg_seq = request.sequence;
  return out;
}

template <class Message>
std::vector<std::byte> to_bytes(const Message& message, std::size_t size) {
  const auto* first = reinterpret_cast<const std::byte*>(&message);
  return {first, first + size};
}

// "local port == a or b", for the little machine of inet_diag_bc_run(): an
// operation says how far to jump, in bytes, when it holds and when it does not;
// the end accepts, what is beyond refuses. A comparison takes two places.
std::array<inet_diag_bc_op, 5> either_port(Port a, Port b) {
  return {{{INET_DIAG_BC_S_EQ, 8, 12},
           {0, 0, a},
           {INET_DIAG_BC_JMP, 4, 12},
           {INET_DIAG_BC_S_EQ, 8, 12},
           {0, 0, b}}};
}

// The first form of the interface, for TCP only, knows no family: it lists both
// in one walk through the kernel's tables, which is what costs time.
std::vector<std::byte> encode_old(const DiagRequest& request) {
  OldRequest out{};
  std::size_t size = offsetof(OldRequest, filter_head);
  out.body.idiag_states = request.states;
  out.body.idiag_ext = kWantedExtensions;
  if (request.or_port != 0) {
    out.filter_head.nla_len = sizeof out.filter_head + sizeof out.filter;
    out.filter_head.nla_type = INET_DIAG_REQ_BYTECODE;
    out.filter = either_port(request.port, request.or_port);
    size = sizeof out;
  } else {
    out.body.id.idiag_sport = htons(request.port);
  }
  out.header = header(TCPDIAG_GETSOCK, size, request);
  return to_bytes(out, size);
}

std::vector<std::byte> encode_new(const DiagRequest& request) {
  Request out{};
  const int number = number_of(request.protocol);
  out.body.sdiag_family = *request.family == Family::ipv4 ? AF_INET : AF_INET6;
  out.body.idiag_states = request.states;
  out.body.id.idiag_sport = htons(request.port);
  std::size_t size = offsetof(Request, protocol_head);
  if (number > 255) {
    // Kernels that do not know the attribute look for protocol 0: ENOENT.
    out.protocol_head.nla_len = sizeof(nlattr) + sizeof(std::uint32_t);
    out.protocol_head.nla_type = kReqProtocol;
    out.protocol = static_cast<std::uint32_t>(number);
    size = sizeof(Request);
  } else {
    out.body.sdiag_protocol = static_cast<std::uint8_t>(number);
    out.body.idiag_ext = number == IPPROTO_TCP ? kWantedExtensions : 0;
  }
  out.header = header(SOCK_DIAG_BY_FAMILY, size, request);
  return to_bytes(out, size);
}

DumpPart end_of_dump(Bytes payload, DumpPart part) {
  // NLMSG_DONE and NLMSG_ERROR both begin with a negative errno or 0.
  const auto code = copy_front<std::int32_t>(payload);
  part.done = true;
  part.error = !code || *code > 0 || *code < -kMaxErrno ? EBADMSG : -*code;
  return part;
}

}  // namespace

std::vector<std::byte> encode(const DiagRequest& request) {
  return request.family ? encode_new(request) : encode_old(request);
}

DumpPart parse_dump(std::span<const std::byte> datagram, const DiagRequest& request,
                    std::vector<SocketRecord>& sockets) {
  DumpPart part;
  while (!datagram.empty() && !part.done) {
    const auto head = copy_front<nlmsghdr>(datagram);
    if (!head || head->nlmsg_len < sizeof(nlmsghdr) ||
        head->nlmsg_len > datagram.size()) {
      part.done = true;
      part.error = EBADMSG;
      return part;
    }
    const Bytes payload =
        datagram.subspan(sizeof(nlmsghdr), head->nlmsg_len - sizeof(nlmsghdr));
    datagram = after(datagram, head->nlmsg_len);
    if (head->nlmsg_seq != request.sequence) {
      continue;
    }
    part.interrupted |= (head->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR) {
      part = end_of_dump(payload, part);
    } else if (head->nlmsg_type == SOCK_DIAG_BY_FAMILY ||
               head->nlmsg_type == TCPDIAG_GETSOCK) {
      if (auto socket = parse_socket(payload, request.protocol)) {
        sockets.push_back(std::move(*socket));
      }
      part.moved |= has_moved(payload, request.protocol);
    }
  }
  return part;
}

}  // namespace portwatch
