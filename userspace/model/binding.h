// binding.h - a socket that occupies a local port, and who holds it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/model/endpoint.h"
#include "userspace/model/shared_process.h"

namespace portwatch {

enum class SocketState : std::uint8_t { listening, bound, connected, closing };

enum class HeldBy : std::uint8_t {
  process,    // at least one descriptor
  kernel,     // VXLAN, NFS...: a socket without a descriptor
  in_flight,  // in a message that nobody received yet, or a fixed file
  nobody,     // TIME_WAIT and the like
};

struct Binding {
  Endpoint endpoint;
  SocketState state = SocketState::bound;
  // Never reused while the host is up. eBPF: a decimal number that portwatch
  // drew; other sources: "NETNS-INODE".
  std::string id;
  std::uint64_t inode = 0;  // sockfs; 0 = the socket has none (kernel socket)
  std::uint32_t netns = 0;  // inode number of the namespace
  std::optional<std::uint64_t> netns_cookie;  // never reused, unlike netns
  std::optional<std::string> netns_name;      // name under /run/netns
  std::optional<bool> ipv6_only;              // empty for IPv4
  std::optional<bool> reuse_addr;
  std::optional<bool> reuse_port;
  std::optional<std::string> interface;  // SO_BINDTODEVICE
  // The same as an index of its namespace, where names cannot be read; 0: any
  // device, or not known. Not in the JSON.
  std::uint32_t interface_index = 0;
  std::optional<uid_t> uid;  // of the socket: its creator's fsuid (SO_REUSEPORT)
  std::optional<WallTime> since;  // empty: before our time
  std::optional<WallTime> until;  // history and release events
  // closing only: until the kernel gives the port up, unless the peer sends
  // something meanwhile. Empty: not fixed (it waits for the peer), or not known.
  std::optional<std::chrono::milliseconds> remaining;
  // closing, without a process: it waits for the peer's FIN, and is not in
  // TIME_WAIT. Not in the JSON.
  bool fin_wait2 = false;
  SharedProcess creator;                // as it was when it took the port
  std::optional<ExitStatus> last_exit;  // history: how the creator ended
  std::optional<HeldBy> held_by;
  // Empty optional: not known (hidden, or not looked at for this purpose).
  std::optional<std::vector<Process>> holders;
  // In an event: how many holders are not listed, for there are too many.
  std::optional<std::uint64_t> more_holders;

  friend bool operator==(const Binding&, const Binding&) = default;
};

std::string_view to_string(SocketState state);
std::string_view to_string(HeldBy held_by);  // "inFlight" for in_flight
std::optional<SocketState> state_from(std::string_view name);
std::optional<HeldBy> held_by_from(std::string_view name);

}  // namespace portwatch
