#include "userspace/api/parameters.h"

#include <algorithm>

#include "userspace/api/varlink_message.h"

namespace portwatch {

using nlohmann::json;

Parameters::Parameters(const json& object,
                       std::initializer_list<std::string_view> known)
    : object_(object) {
  for (const auto& entry : object.items()) {
    if (std::find(known.begin(), known.end(), entry.key()) == known.end()) {
      reject(entry.key());
    }
  }
}

const json* Parameters::find(const char* name) const {
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void Parameters::reject(std::string_view name) {
  if (fault_.empty()) {
    fault_ = invalid_parameter_message(name);
  }
}

Port Parameters::port_from(const char* name, const json& value, Port least) {
  if (!value.is_number_integer()) {
    reject(name);
    return 0;
  }
  Port port = 0;
  if ((!convert(value, port) || port < least) && fault_.empty()) {
    fault_ = error_message(varlink_error::kInvalidPort, {{"port", value}});
  }
  return port;
}

std::optional<Port> Parameters::port(const char* name) {
  const json* found = find(name);
  if (found == nullptr) {
    return std::nullopt;
  }
  return port_from(name, *found);
}

std::optional<Port> Parameters::port_or_zero(const char* name) {
  const json* found = find(name);
  if (found == nullptr) {
    return std::nullopt;
  }
  return port_from(name, *found, 0);
}

std::vector<Port> Parameters::ports(const char* name) {
  std::vector<Port> ports;
  const json* found = find(name);
  if (found != nullptr && !found->is_array()) {
    reject(name);
  } else if (found != nullptr) {
    for (const json& value : *found) {
      ports.push_back(port_from(name, value));
    }
  }
  return ports;
}

std::optional<Protocol> Parameters::protocol(const char* name) {
  const std::optional<std::string> word = get<std::string>(name);
  if (!word) {
    return std::nullopt;
  }
  const std::optional<Protocol> protocol = protocol_from(*word);
  if (!protocol) {
    reject(name);
  }
  return protocol;
}

void Parameters::address(const char* name, Endpoint& endpoint) {
  const std::optional<std::string> text = get<std::string>(name);
  if (!text) {
    return;
  }
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    if (const auto bytes = parse_address(family, *text)) {
      endpoint.family = family;
      endpoint.address = *bytes;
      return;
    }
  }
  reject(name);
}

}  // namespace portwatch
