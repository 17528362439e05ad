// published_port.h - the processes that hold a host's port for a container, and
// what their arguments say about it.
//
// Source: docker-proxy (moby, cmd/docker-proxy), conmon(8), pasta(1),
// slirp4netns(1), Podman's rootlessport. A process chooses its arguments itself:
// who is not one of these may say that he is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "userspace/model/endpoint.h"
#include "userspace/model/process.h"

namespace portwatch {

// For the program with these arguments that holds `at`, listening or (UDP) bound.
// Empty when it is none of those programs, or holds `at` for itself. What the
// arguments do not tell is empty:
//   docker-proxy               address and port of the container
//   conmon                     container and its name
//   pasta                      port of the container
//   slirp4netns, rootlessport  nothing but that it is a container's
std::optional<PublishedPort> published_port(const std::vector<std::string>& cmdline,
                                            const Endpoint& at);

}  // namespace portwatch
