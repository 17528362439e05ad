// bind_target.h - "5055", "127.0.0.1:80", "[::1]:80/udp": what somebody would bind.
#pragma once

#include <cstdint>
#include <string_view>

#include "userspace/model/endpoint.h"

namespace portwatch::cli {

struct BindTarget {
  Endpoint endpoint;
  bool any_address = false;     // a port alone, or "*:80": 0.0.0.0 stands there
  bool names_protocol = false;  // else tcp stands there
  std::uint32_t interface_index = 0;  // of "[fe80::1%eth0]:80"
};

// PORT, ADDR:PORT or [ADDR6]:PORT, each perhaps with /PROTO. PORT 0: an automatic
// one. ADDR is a numeric
// address, "*" or "localhost" (127.0.0.1); other names are not looked up.
// Error: invalid, one line that says what is wrong and shows the form.
Result<BindTarget> parse_bind_target(std::string_view text);

}  // namespace portwatch::cli
