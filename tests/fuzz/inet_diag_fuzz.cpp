// Replies of NETLINK_SOCK_DIAG. The first byte chooses the protocol asked for.
#include <algorithm>
#include <cstdlib>

#include "fallback/inet_diag.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portwatch;
  if (size == 0) {
    return 0;
  }
  DiagRequest request;
  request.protocol = static_cast<Protocol>(data[0] % 5);
  request.sequence = 7;
  std::vector<SocketRecord> sockets;
  const auto* first = reinterpret_cast<const std::byte*>(data + 1);
  const DumpPart part = parse_dump({first, size - 1}, request, sockets);
  const bool sane = std::all_of(sockets.begin(), sockets.end(), [](const auto& s) {
    return s.local.port != 0 && !socket_id(s, 1).empty();
  });
  if (!sane || part.error < 0 || (part.error != 0 && !part.done)) {
    std::abort();
  }
  return 0;
}
