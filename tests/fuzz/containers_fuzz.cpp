// What a container runtime answers, and the arguments of what calls itself a proxy
// (separated by zero bytes, as in /proc/PID/cmdline).
#include "userspace/source/container_runtime.h"
#include "userspace/source/proc_parse.h"
#include "userspace/source/published_port.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portwatch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Endpoint at;
  at.port = 8080;
  if (const auto containers = parse_containers(text)) {
    for (const RuntimeContainer& container : *containers) {
      static_cast<void>(port_inside(container, at));
    }
  }
  if (const auto cmdline = parse_cmdline(text)) {
    static_cast<void>(published_port(*cmdline, at));
  }
  return 0;
}
