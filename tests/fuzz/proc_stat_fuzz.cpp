// /proc/PID/stat, /proc/PID/status and /proc/PID/cmdline.
#include <cstdlib>

#include "userspace/source/proc_parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portwatch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto facts = parse_stat(text);
      facts && text.find("(" + facts->name + ")") == std::string_view::npos) {
    std::abort();
  }
  if (const auto words = parse_cmdline(text);
      words && (words->empty() || words->back().empty())) {
    std::abort();
  }
  static_cast<void>(parse_effective_uid(text));
  static_cast<void>(parse_ns_pid(text));
  return 0;
}
