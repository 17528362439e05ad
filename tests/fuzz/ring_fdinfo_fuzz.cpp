// /proc/PID/fdinfo/FD of an io_uring.
#include "userspace/source/ring_files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(portwatch::parse_ring_fdinfo(text));
  return 0;
}
