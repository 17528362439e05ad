// socket_record.h - a socket as a table of the kernel shows it.
//
// What sock_diag and /proc/net have in common, before namespaces, names and
// holders are known.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "userspace/model/binding.h"

namespace portwatch {

struct SocketRecord {
  Endpoint local;
  AddressBytes remote{};  // network byte order, zero when not connected
  Port remote_port = 0;
  SocketState state = SocketState::bound;
  // Of one that only the kernel's timer keeps: until that fires.
  std::optional<std::chrono::milliseconds> remaining;
  bool fin_wait2 = false;             // as in Binding
  std::uint64_t inode = 0;            // sockfs; 0 = no descriptor ever leads here
  std::uint32_t interface_index = 0;  // 0 = not bound to a device, or not known
  std::optional<std::string> interface;
  bool layer_known = false;  // TCP: that it is no part of an MPTCP socket is sure
  std::optional<bool> ipv6_only;
  std::optional<bool> reuse_addr;
  std::optional<bool> reuse_port;
};

// The meaning of a TCP_* state number (include/net/tcp_states.h);
// empty for numbers that no kernel uses.
std::optional<SocketState> socket_state(int tcp_state);

// FIN_WAIT2. Of the small socket that stands for an orphan in this state the tables
// show it as of a whole one (tw_substate); to the kernel's rules it is TIME_WAIT.
inline constexpr int kFinWait2 = 5;

// The timer that a table shows ("timer:" of ss(8)). Only one of them ends the
// socket: that of the small sockets which stand for one in TIME_WAIT, or in
// FIN_WAIT2 without a process (inet_twsk_diag_fill(), get_timewait4_sock()). The
// others send something again, or probe, and nobody knows how often.
inline constexpr unsigned kTimeWaitTimer = 3;

// "NETNS-INODE". A socket without inode has no such identity: it is called
// "NETNS-0-PROTOCOL-LOCAL-REMOTE-INTERFACE", unique while it exists.
std::string socket_id(const SocketRecord& socket, std::uint32_t netns);

}  // namespace portwatch
