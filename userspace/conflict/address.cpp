#include "userspace/conflict/address.h"

#include <algorithm>

namespace portwatch {
namespace {

// How the kernel tells addresses apart: ipv4 with or without the mapped form, the
// IPv6 wildcard, and any other IPv6 address.
enum class Kind : std::uint8_t { ipv4, any6, specific6 };

Kind kind_of(const Endpoint& at) {
  return is_ipv4_place(at) ? Kind::ipv4
         : is_wildcard(at) ? Kind::any6
                           : Kind::specific6;
}

bool ipv4_overlap(const Endpoint& a, const Endpoint& b) {
  return is_wildcard(a) || is_wildcard(b) ||
         unmapped(a).address == unmapped(b).address;
}

std::optional<bool> negated(std::optional<bool> value) {
  return value ? std::optional(!*value) : std::nullopt;
}

// A dual-stack socket that got its IPv6 address by connecting, and its accepted
// children, carry 127.0.0.6 (LOOPBACK4_IPV6) as their IPv4 address: 0.0.0.0 is in
// their way although none of their traffic is IPv4. bind(2) to a specific IPv6
// address makes a socket IPv6 only. TCP looks for specific addresses by hash and
// does not meet them.
std::optional<bool> meets_connected6(const Endpoint& request,
                                     const Binding& binding) {
  const bool connected = binding.state == SocketState::connected ||
                         binding.state == SocketState::closing;
  constexpr AddressBytes kLoopback4Ipv6 = {127, 0, 0, 6};
  const bool met = is_wildcard(request) || (!is_stream(request.protocol) &&
                                            request.address == kLoopback4Ipv6);
  if (request.family != Family::ipv4 || !connected || !met) {
    return false;
  }
  return negated(binding.ipv6_only);
}

}  // namespace

bool is_mapped(const Endpoint& endpoint) {
  const auto& bytes = endpoint.address;
  return endpoint.family == Family::ipv6 &&
         std::all_of(bytes.begin(), bytes.begin() + 10,
                     [](auto byte) { return byte == 0; }) &&
         bytes[10] == 0xff && bytes[11] == 0xff;
}

bool is_ipv4_place(const Endpoint& endpoint) {
  return endpoint.family == Family::ipv4 || is_mapped(endpoint);
}

Endpoint unmapped(Endpoint endpoint) {
  if (is_mapped(endpoint)) {
    AddressBytes bytes{};
    std::copy_n(endpoint.address.begin() + 12, 4, bytes.begin());
    endpoint.family = Family::ipv4;
    endpoint.address = bytes;
  }
  return endpoint;
}

bool is_wildcard(const Endpoint& endpoint) {
  return unmapped(endpoint).address == AddressBytes{};
}

bool is_loopback(const Endpoint& endpoint) {
  if (is_ipv4_place(endpoint)) {
    return unmapped(endpoint).address[0] == 127;
  }
  AddressBytes one{};
  one[15] = 1;
  return endpoint.address == one;
}

bool is_link_local(const Endpoint& endpoint) {
  return endpoint.family == Family::ipv6 && endpoint.address[0] == 0xfe &&
         (endpoint.address[1] & 0xc0) == 0x80;
}

std::optional<bool> addresses_overlap(const BindRequest& request,
                                      const Binding& binding) {
  const Endpoint& a = request.endpoint;
  const Endpoint& b = binding.endpoint;
  const Kind kind_a = kind_of(a);
  const Kind kind_b = kind_of(b);
  if (kind_a == Kind::ipv4 && kind_b == Kind::ipv4) {
    return ipv4_overlap(a, b);
  }
  if (kind_a == Kind::ipv4) {
    return kind_b == Kind::any6 ? negated(binding.ipv6_only)
                                : meets_connected6(a, binding);
  }
  if (kind_b == Kind::ipv4) {
    return kind_a == Kind::any6 && !request.ipv6_only;
  }
  return kind_a == Kind::any6 || kind_b == Kind::any6 || a.address == b.address;
}

}  // namespace portwatch
