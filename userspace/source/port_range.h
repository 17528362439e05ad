// port_range.h - the ports that the kernel hands out by itself.
#pragma once

#include "userspace/model/endpoint.h"
#include "userspace/source/read_file.h"

namespace portwatch {

struct PortRange {
  Port first = 32768;  // the kernel's own default
  Port last = 60999;
  bool contains(Port port) const { return port >= first && port <= last; }
};

// net.ipv4.ip_local_port_range of the network namespace in which `kept` was read
// first, ours but for that; read now. Where it cannot be read: all ports, so that a
// caller takes the careful way.
PortRange local_port_range(KeptFile& kept);
PortRange local_port_range();

}  // namespace portwatch
