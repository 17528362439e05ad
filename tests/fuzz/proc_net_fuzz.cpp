// The text of /proc/net/tcp and its like, for both families.
#include <cstdlib>

#include "fallback/proc_net.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portwatch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    for (const SocketRecord& socket : parse_proc_net(text, Protocol::tcp, family)) {
      if (socket.local.port == 0 || socket.local.family != family) {
        std::abort();
      }
    }
  }
  return 0;
}
