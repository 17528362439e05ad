// The text of net.ipv4.ip_local_reserved_ports.
#include <algorithm>
#include <cstdlib>

#include "userspace/source/host_facts_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portwatch;
  const auto ports = parse_port_list({reinterpret_cast<const char*>(data), size});
  if (ports && std::any_of(ports->begin(), ports->end(),
                           [](const auto& one) { return one.last < one.first; })) {
    std::abort();
  }
  return 0;
}
