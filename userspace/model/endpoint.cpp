#include "userspace/model/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>

#include "userspace/base/linux_values.h"

namespace portwatch {
namespace {

constexpr std::array<std::string_view, 5> kProtocolNames = {"tcp", "udp", "mptcp",
                                                            "udplite", "sctp"};

Error bad_port(std::string_view text, std::string_view why) {
  return {Errc::invalid, "bad port '" + std::string(text) +
                             "': " + std::string(why) +
                             " (expected PORT or PORT/PROTO, as in 5055 or "
                             "5055/udp)"};
}

}  // namespace

std::string_view to_string(Protocol protocol) {
  return kProtocolNames[static_cast<std::size_t>(protocol)];
}

std::string_view to_string(Family family) {
  return family == Family::ipv4 ? "ipv4" : "ipv6";
}

std::optional<Protocol> protocol_from(std::string_view name) {
  for (std::size_t i = 0; i < kProtocolNames.size(); ++i) {
    if (kProtocolNames[i] == name) {
      return static_cast<Protocol>(i);
    }
  }
  return std::nullopt;
}

std::optional<Protocol> protocol_from_number(int ipproto) {
  switch (ipproto) {
    case IPPROTO_TCP:
      return Protocol::tcp;
    case IPPROTO_UDP:
      return Protocol::udp;
    case IPPROTO_UDPLITE:
      return Protocol::udplite;
    case IPPROTO_SCTP:
      return Protocol::sctp;
    case kIpprotoMptcp:
      return Protocol::mptcp;
    default:
      return std::nullopt;
  }
}

std::string address_text(const Endpoint& endpoint) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(endpoint.family == Family::ipv4 ? AF_INET : AF_INET6,
            endpoint.address.data(), text, sizeof text);
  return text;
}

Result<AddressBytes> parse_address(Family family, const std::string& text) {
  AddressBytes bytes{};
  const int af = family == Family::ipv4 ? AF_INET : AF_INET6;
  if (inet_pton(af, text.c_str(), bytes.data()) != 1) {
    return Error{Errc::invalid, "'" + text + "' is not an " +
                                    std::string(to_string(family)) + " address"};
  }
  return bytes;
}

std::optional<std::string> canonical_address(const std::string& text) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    if (const auto bytes = parse_address(family, text)) {
      Endpoint endpoint;
      endpoint.family = family;
      endpoint.address = *bytes;
      return address_text(endpoint);
    }
  }
  return std::nullopt;
}

std::string endpoint_text(const Endpoint& endpoint) {
  const std::string address = address_text(endpoint);
  const std::string port = std::to_string(endpoint.port);
  return endpoint.family == Family::ipv6 ? "[" + address + "]:" + port
                                         : address + ":" + port;
}

bool covers(Protocol asked, Protocol held) {
  return asked == held || (asked == Protocol::tcp && held == Protocol::mptcp);
}

Result<PortSpec> parse_port_spec(std::string_view text) {
  PortSpec spec;
  const auto slash = text.find('/');
  const std::string_view digits = text.substr(0, slash);
  unsigned long number = 0;
  const auto end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, number);
  if (digits.empty() || parsed.ec == std::errc::invalid_argument ||
      parsed.ptr != end) {
    return bad_port(text, "not a number");
  }
  if (parsed.ec != std::errc{} || number < 1 || number > 65535) {
    return bad_port(text, "a port is 1 to 65535");
  }
  spec.port = static_cast<Port>(number);
  if (slash != std::string_view::npos) {
    spec.protocol = protocol_from(text.substr(slash + 1));
    if (!spec.protocol) {
      return bad_port(text, "the protocol is tcp, udp, mptcp, udplite or sctp");
    }
  }
  return spec;
}

}  // namespace portwatch
