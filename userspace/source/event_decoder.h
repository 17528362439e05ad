// event_decoder.h - bytes of the ring and of the iterators into facts.
//
// The only reader of bpf/events.h beside bpf_session. Pure; needs no libbpf, so
// that it can be fuzzed. Rubbish decodes to nothing, never to a guess.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "userspace/model/socket_event.h"

namespace portwatch {

struct Record {
  std::uint32_t cpu = 0;
  std::uint64_t seq = 0;  // of that CPU, from 1
  KernelEvent event;
};

// One ring record. Empty: unknown kind, wrong size, or a protocol without ports.
std::optional<Record> decode_record(std::span<const std::byte> bytes);

// What an iterator wrote: whole entries one after the other; a torn one at the
// end is ignored. The first appends to `entries`.
void decode_socket_entries(std::span<const std::byte> bytes,
                           std::vector<SocketEntry>& entries);
std::vector<HolderFacts> decode_holder_entries(std::span<const std::byte> bytes);

}  // namespace portwatch
