// duration_fuzz.cpp - what a command line may hold: durations, counts, and text
// that must not reach a terminal as it is.
#include <chrono>
#include <cstdint>
#include <cstdlib>

#include "cli/duration.h"
#include "cli/text.h"

namespace {

bool is_harmless(const std::string& text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      return false;
    }
  }
  return true;
}

void expect(bool truth) {
  if (!truth) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portwatch::cli;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto duration = parse_duration(text);
  const auto longest = std::chrono::hours(3650 * 24);
  expect(!duration || (duration->count() >= 1 && *duration <= longest));
  const auto count = parse_count(text);
  expect(!count || (*count >= 1 && *count <= 1000000000));
  const std::string safe = escape(text);
  expect(is_harmless(safe));
  expect(escape(safe) == safe);
  expect(is_harmless(command_line({text, text})));
  for (const std::size_t width : {1u, 3u, 4u, 20u}) {
    expect(columns(cut(safe, width)) <= width);
  }
  return 0;
}
