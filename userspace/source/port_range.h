// port_range.h - the ports that the kernel hands out by itself.
#pragma once

#include <string>

#include "userspace/model/endpoint.h"

namespace portwatch {

struct PortRange {
  Port first = 32768;  // the kernel's own default
  Port last = 60999;
  bool contains(Port port) const { return port >= first && port <= last; }
};

// net.ipv4.ip_local_port_range of our own network namespace, read now. Where it
// cannot be read: all ports, so that a caller takes the careful way.
PortRange local_port_range(
    const std::string& path = "/proc/sys/net/ipv4/ip_local_port_range");

}  // namespace portwatch
