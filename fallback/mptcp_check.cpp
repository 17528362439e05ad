#include "fallback/mptcp_check.h"

#include <algorithm>

#include "fallback/borrowed_socket.h"

namespace portwatch {

void mark_mptcp(std::vector<Binding>& bindings,
                const std::vector<std::uint64_t>& uncertain,
                const std::vector<FoundFd>& found) {
  SocketBorrower borrower;
  for (Binding& binding : bindings) {
    const auto at =
        std::lower_bound(found.begin(), found.end(), FoundFd{binding.inode, 0, -1});
    if (binding.endpoint.protocol != Protocol::tcp || at == found.end() ||
        at->inode != binding.inode ||
        !std::binary_search(uncertain.begin(), uncertain.end(), binding.inode)) {
      continue;
    }
    const UniqueFd socket = borrower.borrow(*at);
    if (socket.valid() &&
        socket_option<int>(socket, SOL_SOCKET, SO_PROTOCOL) == kIpprotoMptcp) {
      binding.endpoint.protocol = Protocol::mptcp;
    }
  }
}

}  // namespace portwatch
