#include "cli/bind_target.h"

#include <net/if.h>

#include <algorithm>
#include <string>

namespace portwatch::cli {
namespace {

Error bad_target(std::string_view text, const std::string& why) {
  return {Errc::invalid, "bad address '" + std::string(text) + "': " + why +
                             " (expected PORT, ADDR:PORT or [ADDR]:PORT, as in "
                             "127.0.0.1:5055 or [::1]:5055/udp)"};
}

// Port 0 is an automatic one.
Result<PortSpec> parse_port_or_zero(std::string_view text) {
  if (text != "0" && text.substr(0, 2) != "0/") {
    return parse_port_spec(text);
  }
  auto like = parse_port_spec("1" + std::string(text.substr(1)));
  if (like) {
    like->port = 0;
  }
  return like;
}

Result<void> read_port(std::string_view text, BindTarget& target) {
  const auto port = parse_port_or_zero(text);
  if (!port) {
    return port.error();
  }
  target.endpoint.port = port->port;
  target.endpoint.protocol = port->protocol.value_or(Protocol::tcp);
  target.names_protocol = port->protocol.has_value();
  return {};
}

Result<void> read_ipv4(std::string_view whole, std::string_view host,
                       BindTarget& target) {
  if (host.empty() || host == "*") {
    target.any_address = true;
    return {};
  }
  const auto bytes = parse_address(
      Family::ipv4, host == "localhost" ? "127.0.0.1" : std::string(host));
  if (!bytes) {
    return bad_target(whole, "'" + std::string(host) +
                                 "' is no IPv4 address, and names are not looked "
                                 "up");
  }
  target.endpoint.address = *bytes;
  return {};
}

Result<void> read_ipv6(std::string_view whole, std::string_view host,
                       BindTarget& target) {
  const std::size_t zone = std::min(host.find('%'), host.size());
  if (zone < host.size()) {
    const std::string name(host.substr(zone + 1));
    target.interface_index = if_nametoindex(name.c_str());
    if (target.interface_index == 0) {
      return bad_target(whole, "no interface '" + name + "'");
    }
  }
  const auto bytes = parse_address(Family::ipv6, std::string(host.substr(0, zone)));
  if (!bytes) {
    return bad_target(whole, "'" + std::string(host) + "' is no IPv6 address");
  }
  target.endpoint.family = Family::ipv6;
  target.endpoint.address = *bytes;
  return {};
}

}  // namespace

Result<BindTarget> parse_bind_target(std::string_view text) {
  BindTarget target;
  const bool brackets = !text.empty() && text[0] == '[';
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos && !brackets) {
    target.any_address = true;
    const auto port = read_port(text, target);
    return port ? Result<BindTarget>(target) : port.error();
  }
  const std::size_t close = text.find(']');
  if (brackets && (close == std::string_view::npos || close + 1 != colon)) {
    return bad_target(text, "no port after the brackets");
  }
  if (!brackets && text.find(':') != colon) {
    return bad_target(text, "an IPv6 address stands in brackets");
  }
  const auto host = brackets ? read_ipv6(text, text.substr(1, close - 1), target)
                             : read_ipv4(text, text.substr(0, colon), target);
  if (!host) {
    return host.error();
  }
  const auto port = read_port(text.substr(colon + 1), target);
  return port ? Result<BindTarget>(target) : port.error();
}

}  // namespace portwatch::cli
