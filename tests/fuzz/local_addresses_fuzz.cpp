// Replies of rtnetlink: routes of the table "local" and IPv6 addresses.
#include <algorithm>
#include <cstdlib>

#include "userspace/source/local_addresses.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portwatch;
  std::vector<LocalAddress> addresses;
  parse_addresses({reinterpret_cast<const std::byte*>(data), size}, addresses);
  const bool sane =
      std::all_of(addresses.begin(), addresses.end(), [](const LocalAddress& one) {
        return one.prefix_length <= (one.family == Family::ipv4 ? 32u : 128u) &&
               (one.family == Family::ipv6 || !one.tentative);
      });
  if (!sane) {
    std::abort();
  }
  return 0;
}
