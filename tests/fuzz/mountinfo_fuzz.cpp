// /proc/self/mountinfo, where mount points and sources are other people's text.
#include "userspace/api/peer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(portwatch::hides_processes(text));
  return 0;
}
