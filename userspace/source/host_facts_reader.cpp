#include "userspace/source/host_facts_reader.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstdio>

#include "userspace/base/linux_values.h"
#include "userspace/base/unique_fd.h"
#include "userspace/source/local_addresses.h"
#include "userspace/source/read_file.h"

namespace portwatch {
namespace {

constexpr unsigned long kMaxPort = 65535;

class Sysctls {
 public:
  explicit Sysctls(std::string directory) : directory_(std::move(directory)) {}
  std::optional<std::string> text(const char* name) const {
    return read_file_at(AT_FDCWD, (directory_ + "/" + name).c_str());
  }
  // 0 or 1; absent settings of older kernels are off.
  bool flag(const char* name) const {
    const auto value = text(name);
    return value && !value->empty() && value->front() == '1';
  }

 private:
  std::string directory_;
};

std::optional<Port> take_port(std::string_view& text) {
  unsigned long number = 0;
  const auto parsed =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || number > kMaxPort) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  return static_cast<Port>(number);
}

bool skip(std::string_view& text, char wanted) {
  const bool there = !text.empty() && text.front() == wanted;
  text.remove_prefix(there ? 1 : 0);
  return there;
}

std::optional<PortInterval> parse_range(const std::string& text) {
  unsigned first = 0;
  unsigned last = 0;
  if (std::sscanf(text.c_str(), "%u %u", &first, &last) != 2 || first > kMaxPort ||
      last > kMaxPort) {
    return std::nullopt;
  }
  return PortInterval{static_cast<Port>(first), static_cast<Port>(last)};
}

// The kernel may be without IPv6, or told to make no such sockets.
bool has_ipv6() {
  const UniqueFd any(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return any.valid() || errno != EAFNOSUPPORT;
}

struct SocketKind {
  int type;
  int protocol;
};

SocketKind socket_kind_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::udp:
      return {SOCK_DGRAM, IPPROTO_UDP};
    case Protocol::udplite:
      return {SOCK_DGRAM, IPPROTO_UDPLITE};
    case Protocol::mptcp:
      return {SOCK_STREAM, kIpprotoMptcp};
    case Protocol::sctp:
      return {SOCK_STREAM, IPPROTO_SCTP};
    case Protocol::tcp:
      break;
  }
  return {SOCK_STREAM, IPPROTO_TCP};
}

Error unreadable(const char* name) {
  return errno_error(errno, std::string("cannot read net.") + name);
}

}  // namespace

bool makes_sockets(Protocol protocol) {
  const SocketKind kind = socket_kind_of(protocol);
  const UniqueFd any(
      socket(AF_INET, kind.type | SOCK_CLOEXEC | SOCK_NONBLOCK, kind.protocol));
  return any.valid() || errno != EPROTONOSUPPORT;
}

std::optional<std::vector<PortInterval>> parse_port_list(std::string_view text) {
  std::vector<PortInterval> ports;
  while (!text.empty() && text != "\n") {
    const auto first = take_port(text);
    const auto last = first && skip(text, '-') ? take_port(text) : first;
    if (!first || !last || *last < *first) {
      return std::nullopt;
    }
    ports.push_back({*first, *last});
    if (!skip(text, ',') && !text.empty() && text != "\n") {
      return std::nullopt;
    }
  }
  return ports;
}

Result<HostFacts> read_host_facts(const std::string& sysctls) {
  const Sysctls net(sysctls);
  HostFacts facts;
  const auto range = net.text("ipv4/ip_local_port_range");
  const auto ephemeral = range ? parse_range(*range) : std::nullopt;
  if (!ephemeral) {
    return unreadable("ipv4.ip_local_port_range");
  }
  facts.ephemeral = *ephemeral;
  // 4.11; it is said to be 1024 where it is not to be set.
  if (const auto start = net.text("ipv4/ip_unprivileged_port_start")) {
    std::string_view rest = *start;
    facts.unprivileged_port_start = take_port(rest).value_or(1024);
  }
  const auto reserved = net.text("ipv4/ip_local_reserved_ports");
  const auto ports = reserved ? parse_port_list(*reserved) : std::nullopt;
  if (!ports) {
    return unreadable("ipv4.ip_local_reserved_ports");
  }
  facts.reserved = *ports;
  facts.nonlocal_bind4 = net.flag("ipv4/ip_nonlocal_bind");
  facts.nonlocal_bind6 = net.flag("ipv6/ip_nonlocal_bind");
  facts.ipv6 = has_ipv6();
  if (auto addresses = read_local_addresses()) {
    facts.addresses = std::move(*addresses);
  }
  return facts;
}

}  // namespace portwatch
