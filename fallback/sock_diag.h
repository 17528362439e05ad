// sock_diag.h - one netlink socket to ask the kernel for its inet sockets.
//
// A netlink socket stays in the network namespace that it was made in, so one
// made there can be used from anywhere. Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fallback/inet_diag.h"
#include "userspace/base/result.h"
#include "userspace/base/unique_fd.h"

namespace portwatch {

class SockDiag {
 public:
  // Makes the socket in the namespace of the calling thread.
  // Errors: not_permitted, not_supported, io.
  static Result<SockDiag> open();

  // All sockets that the request admits (its sequence is set here). Not atomic:
  // the kernel walks its tables while they change.
  // Errors: not_found when the kernel has no such protocol or no diag module
  // for it; timed_out when the list changed in every attempt; io.
  Result<std::vector<SocketRecord>> dump(DiagRequest request);

  // Name of an interface of this namespace; empty when it is gone.
  std::optional<std::string> interface_name(std::uint32_t index) const;
  // SO_NETNS_COOKIE (5.14); empty on older kernels.
  std::optional<std::uint64_t> netns_cookie() const;

 private:
  explicit SockDiag(UniqueFd socket);
  Result<void> send(const DiagRequest& request);
  Result<DumpPart> receive(const DiagRequest& request,
                           std::vector<SocketRecord>& sockets);
  Result<DumpPart> receive_all(const DiagRequest& request,
                               std::vector<SocketRecord>& sockets);

  UniqueFd socket_;
  std::uint32_t sequence_ = 0;
  std::vector<std::byte> buffer_;
};

// A TCP socket of our own that is bound to 127.0.0.1 and does not listen. A
// kernel that lists it lists all such sockets (6.8, or backported).
struct BoundProbe {
  UniqueFd socket;  // not valid: could not be made
  Port port = 0;
  std::uint64_t inode = 0;
};
BoundProbe make_bound_probe();

// Bit of the pseudo state BOUND_INACTIVE (linux/inet_diag.h, 6.8).
inline constexpr std::uint32_t kBoundInactiveBit = 1u << 13;

}  // namespace portwatch
