// group.h - sockets that tell one story: same port, same holders.
//
// nginx on 0.0.0.0:80 and [::]:80 with four workers is one thing to a person,
// though it is two sockets with five holders each. So are a server's listener
// and the connections that it accepted.
#pragma once

#include <vector>

#include "userspace/model/answer.h"

namespace portwatch::cli {

// Pid and start of both agree, as far as both are known. Starts come as ticks, or
// as times that two looks compute to within a tick or so.
bool is_same_process(const Process& a, const Process& b);

struct Group {
  // Not empty; all of one protocol, port, namespace, state, kind of holder and
  // set of holders. In the order of the answer.
  std::vector<const Binding*> bindings;
  // One of each process, its fds those of all bindings, ascending. The one to
  // look at first comes first: not pid 1, the parent before its children.
  std::vector<Process> holders;
  // Of a listening or bound group: sockets on its port that are connected, or
  // closing, and are held by no other process than these.
  std::size_t connected = 0;
  std::size_t closing = 0;

  const Binding& first() const { return *bindings.front(); }
};

// In the order of the answer's bindings, but listening and bound before
// connected and closing ones of the same port. The answer must outlive it.
std::vector<Group> group_bindings(const Answer& answer);

}  // namespace portwatch::cli
