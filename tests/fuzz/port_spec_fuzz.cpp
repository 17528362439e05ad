// port_spec_fuzz.cpp - what a person types as a port.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "userspace/model/endpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto spec =
      portwatch::parse_port_spec({reinterpret_cast<const char*>(data), size});
  if (spec.ok() && spec.value().port == 0) {
    std::abort();  // 0 is no port
  }
  return 0;
}
