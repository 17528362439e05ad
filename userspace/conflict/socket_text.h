// socket_text.h - what is said, and advised, of sockets of one kind and one owner.
#pragma once

#include <string>
#include <vector>

#include "userspace/model/host_facts.h"
#include "userspace/model/verdict.h"

namespace portwatch {

struct SocketGroup {
  const BindRequest& request;
  ReasonCode code;
  const std::vector<Binding>& bindings;  // not empty
  bool blocks;                           // false: it is not known
  const PortInterval& ephemeral;         // where automatic ports come from
};

// "0.0.0.0:5055/tcp is listened on by python3 (pid 1234, root) since 12:00:00", and
// why an option that the request has does not help.
std::string socket_text(const SocketGroup& group, WallTime now);
std::vector<Remedy> socket_remedies(const SocketGroup& group);

}  // namespace portwatch
