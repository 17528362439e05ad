#include "userspace/source/port_range.h"

#include <fcntl.h>

#include <cstdio>

#include "userspace/source/read_file.h"

namespace portwatch {

PortRange local_port_range(const std::string& path) {
  const auto text = read_file_at(AT_FDCWD, path.c_str());
  unsigned first = 0;
  unsigned last = 0;
  if (!text || std::sscanf(text->c_str(), "%u %u", &first, &last) != 2 ||
      first > 65535 || last > 65535) {
    return {1, 65535};
  }
  return {static_cast<Port>(first), static_cast<Port>(last)};
}

}  // namespace portwatch
