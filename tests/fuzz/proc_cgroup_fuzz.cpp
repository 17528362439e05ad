// /proc/PID/cgroup, and the names that its path gives.
#include <cstdlib>

#include "userspace/model/process.h"
#include "userspace/source/proc_parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portwatch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto path = parse_cgroup(text);
  if (path && (path->empty() || path->front() != '/')) {
    std::abort();
  }
  const auto unit = unit_of_cgroup(std::string(text));
  const auto container = container_of_cgroup(std::string(text));
  if ((unit && unit->empty()) ||
      (container && container->find(':') == std::string::npos)) {
    std::abort();
  }
  return 0;
}
