#include "userspace/source/port_range.h"

#include <fcntl.h>

#include <cstdio>

namespace portwatch {

PortRange local_port_range() {
  KeptFile file;
  return local_port_range(file);
}

PortRange local_port_range(KeptFile& kept) {
  const auto text =
      kept.read_at(AT_FDCWD, "/proc/sys/net/ipv4/ip_local_port_range");
  unsigned first = 0;
  unsigned last = 0;
  if (!text || std::sscanf(text->c_str(), "%u %u", &first, &last) != 2 ||
      first > 65535 || last > 65535) {
    return {1, 65535};
  }
  return {static_cast<Port>(first), static_cast<Port>(last)};
}

}  // namespace portwatch
