// container_runtime.h - what a container runtime says about its containers.
//
// Source: GET /containers/json of the Docker Engine API, which Podman serves too:
// the running containers. The bytes are taken as if anybody had sent them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/model/endpoint.h"

namespace portwatch {

inline constexpr const char* kContainersTarget = "/containers/json";

struct RuntimeContainer {
  struct PortMapping {
    std::string protocol;  // "tcp", "udp", "sctp"
    Port outside = 0;      // on the host
    Port inside = 0;       // in the container
  };
  std::string id;                      // 64 hexadecimal digits
  std::optional<std::string> name;     // without the slash
  std::vector<std::string> addresses;  // as canonical_address() writes them
  std::vector<PortMapping> ports;      // published ones
};

// What is wrong within one container is left out of it; one without an id is left
// out whole. At most 10000 are returned. Error invalid: no JSON list.
Result<std::vector<RuntimeContainer>> parse_containers(std::string_view bytes);

// The port inside that `at` leads to.
std::optional<Port> port_inside(const RuntimeContainer& container,
                                const Endpoint& at);

}  // namespace portwatch
