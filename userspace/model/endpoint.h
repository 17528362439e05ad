// endpoint.h - protocol, address and port: the place that a socket occupies.
//
// Source of the rules: the kernel's bind tables (TCP, UDP and UDP-Lite are three
// separate ones; MPTCP shares TCP's).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "userspace/base/result.h"

namespace portwatch {

using Port = std::uint16_t;  // host byte order, everywhere outside sockaddr

enum class Protocol : std::uint8_t { tcp, udp, mptcp, udplite, sctp };
enum class Family : std::uint8_t { ipv4, ipv6 };

// Network byte order. IPv4 uses the first 4 bytes, the others are zero.
using AddressBytes = std::array<std::uint8_t, 16>;

struct Endpoint {
  Protocol protocol = Protocol::tcp;
  Family family = Family::ipv4;
  AddressBytes address{};
  Port port = 0;  // 0 = holds no port

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// Connections, as TCP has them; the others have datagrams.
inline bool is_stream(Protocol protocol) {
  return protocol != Protocol::udp && protocol != Protocol::udplite;
}
std::string_view to_string(Protocol protocol);  // "tcp", as in the JSON
std::string_view to_string(Family family);      // "ipv4", "ipv6"
std::optional<Protocol> protocol_from(std::string_view name);
// From IPPROTO_* (6, 17, 136, 132, 262); nothing for protocols without ports.
std::optional<Protocol> protocol_from_number(int ipproto);

// "127.0.0.1", "::1", as inet_ntop(3) writes them.
std::string address_text(const Endpoint& endpoint);
// Error: invalid when the text is no address of that family.
Result<AddressBytes> parse_address(Family family, const std::string& text);
// The one way to write an address: "::1" for "0:0:0:0:0:0:0:1". Empty when the
// text is no address.
std::optional<std::string> canonical_address(const std::string& text);
// "127.0.0.1:80", "[::]:80": for people.
std::string endpoint_text(const Endpoint& endpoint);

// True when a question about `asked` is also about `held`: an MPTCP listener
// occupies its TCP port, so "tcp" asks for both.
bool covers(Protocol asked, Protocol held);

// "5055", "5055/udp".
struct PortSpec {
  Port port = 0;
  std::optional<Protocol> protocol;
};
// Error: invalid, with one line that says what is wrong and shows the form.
Result<PortSpec> parse_port_spec(std::string_view text);

}  // namespace portwatch
