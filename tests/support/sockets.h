// sockets.h - real sockets in one line. Every call throws std::system_error
// when the kernel refuses, so that a test never goes on with a broken setup.
#pragma once

#include <string>

#include "userspace/base/unique_fd.h"
#include "userspace/model/endpoint.h"

namespace portwatch::test {

inline constexpr int kTcp = 6;
inline constexpr int kUdp = 17;
inline constexpr int kMptcp = 262;

// protocol: kTcp, kUdp, kMptcp.
UniqueFd make_socket(Family family, int protocol);
// Returns errno, 0 = bound.
int try_bind(const UniqueFd& socket, const std::string& address, Port port);
UniqueFd bound_socket(const std::string& address, Port port, int protocol = kTcp);
UniqueFd listening_socket(const std::string& address, Port port,
                          int protocol = kTcp);
void start_listening(const UniqueFd& socket);
void connect_to(const UniqueFd& socket, const std::string& address, Port port);
Port port_of(const UniqueFd& socket);

}  // namespace portwatch::test
