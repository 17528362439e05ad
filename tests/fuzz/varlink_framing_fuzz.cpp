// However a stream is cut into pieces, the same messages come out, and they are
// what lies between the NULs. The first byte seeds the cuts and the limit.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/api/varlink_framing.h"

namespace {

using portwatch::VarlinkFraming;

struct Outcome {
  std::vector<std::string> messages;
  bool too_long = false;
  bool partial = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void drain(VarlinkFraming& framing, Outcome& outcome) {
  while (const auto message = framing.next()) {
    outcome.messages.emplace_back(*message);
  }
  outcome.too_long = framing.too_long();
  outcome.partial = framing.partial();
  framing.release_memory();
}

Outcome in_pieces(std::string_view stream, std::size_t limit, std::uint32_t seed) {
  VarlinkFraming framing(limit);
  Outcome outcome;
  while (!stream.empty() && !outcome.too_long) {
    seed = seed * 1664525 + 1013904223;
    const std::size_t size = 1 + (seed >> 24) % stream.size();
    framing.append(stream.substr(0, size));
    stream.remove_prefix(size);
    drain(framing, outcome);
  }
  return outcome;
}

// The same by definition, without a state.
Outcome expected(std::string_view stream, std::size_t limit) {
  Outcome outcome;
  while (!stream.empty()) {
    const auto end = stream.find('\0');
    if (std::min(end, stream.size()) > limit) {
      outcome.too_long = true;
      break;
    }
    if (end == std::string_view::npos) {
      outcome.partial = true;
      break;
    }
    outcome.messages.emplace_back(stream.substr(0, end));
    stream.remove_prefix(end + 1);
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t limit = data[0] % 64u;
  const Outcome wanted = expected(stream, limit);
  for (std::uint32_t seed : {std::uint32_t{data[0]}, 77u, 123456u}) {
    Outcome got = in_pieces(stream, limit, seed);
    // Only what is told apart by a whole look: a stream that is too long.
    if (got.too_long) {
      got.partial = wanted.partial;
    }
    if (got != wanted) {
      std::abort();
    }
  }
  return 0;
}
