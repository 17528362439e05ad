// Any bytes as a ring record and as iterator output: no crash, no overread, and
// never more entries than whole ones fit.
#include <cstdint>
#include <cstdlib>

#include "bpf/events.h"
#include "userspace/source/event_decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  portwatch::decode_record(bytes);
  std::vector<portwatch::SocketEntry> entries;
  portwatch::decode_socket_entries(bytes, entries);
  if (entries.size() > size / sizeof(pw_socket_entry) ||
      portwatch::decode_holder_entries(bytes).size() >
          size / sizeof(pw_holder_entry)) {
    std::abort();
  }
  return 0;
}
