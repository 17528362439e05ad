#include "userspace/source/container_runtime.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "userspace/model/process.h"

namespace portwatch {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxContainers = 10000;
constexpr std::size_t kMaxName = 255;

const json* member(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() ? &*found : nullptr;
}

std::optional<std::string> text_of(const json* value) {
  return value != nullptr && value->is_string()
             ? std::optional(value->get_ref<const std::string&>())
             : std::nullopt;
}

std::optional<Port> port_of(const json* value) {
  if (value == nullptr || !value->is_number_unsigned()) {
    return std::nullopt;
  }
  const auto number = value->get<std::uint64_t>();
  return number >= 1 && number <= 65535 ? std::optional(static_cast<Port>(number))
                                        : std::nullopt;
}

// "/web". Links of Docker give further names: "/db/web".
std::optional<std::string> name_of(const json* names) {
  if (names == nullptr || !names->is_array()) {
    return std::nullopt;
  }
  for (const json& item : *names) {
    std::string name = text_of(&item).value_or("");
    if (!name.empty() && name[0] == '/') {
      name.erase(0, 1);
    }
    if (!name.empty() && name.size() <= kMaxName &&
        name.find('/') == std::string::npos) {
      return name;
    }
  }
  return std::nullopt;
}

std::vector<std::string> addresses_of(const json& container) {
  std::vector<std::string> addresses;
  const json* const settings = member(container, "NetworkSettings");
  const json* const networks =
      settings != nullptr ? member(*settings, "Networks") : nullptr;
  if (networks == nullptr || !networks->is_object()) {
    return addresses;
  }
  for (const json& network : *networks) {
    for (const char* const name : {"IPAddress", "GlobalIPv6Address"}) {
      const auto text = text_of(member(network, name));
      const auto address = text ? canonical_address(*text) : std::nullopt;
      if (address) {
        addresses.push_back(*address);
      }
    }
  }
  return addresses;
}

std::vector<RuntimeContainer::PortMapping> ports_of(const json* list) {
  std::vector<RuntimeContainer::PortMapping> ports;
  if (list == nullptr || !list->is_array()) {
    return ports;
  }
  for (const json& item : *list) {
    const auto outside = port_of(member(item, "PublicPort"));
    const auto inside = port_of(member(item, "PrivatePort"));
    const auto protocol = text_of(member(item, "Type"));
    if (outside && inside && protocol) {
      ports.push_back({*protocol, *outside, *inside});
    }
  }
  return ports;
}

}  // namespace

Result<std::vector<RuntimeContainer>> parse_containers(std::string_view bytes) {
  const json document = json::parse(bytes, nullptr, false);
  if (!document.is_array()) {
    return Error{Errc::invalid, document.is_discarded()
                                    ? "the answer is not JSON"
                                    : "the answer is no list of containers"};
  }
  std::vector<RuntimeContainer> containers;
  for (const json& item : document) {
    const std::string id = text_of(member(item, "Id")).value_or("");
    if (is_container_id(id) && containers.size() < kMaxContainers) {
      containers.push_back({id, name_of(member(item, "Names")), addresses_of(item),
                            ports_of(member(item, "Ports"))});
    }
  }
  return containers;
}

std::optional<Port> port_inside(const RuntimeContainer& container,
                                const Endpoint& at) {
  const auto found = std::find_if(
      container.ports.begin(), container.ports.end(), [&](const auto& mapping) {
        const auto protocol = protocol_from(mapping.protocol);
        return protocol && covers(*protocol, at.protocol) &&
               mapping.outside == at.port;
      });
  return found == container.ports.end() ? std::nullopt
                                        : std::optional(found->inside);
}

}  // namespace portwatch
