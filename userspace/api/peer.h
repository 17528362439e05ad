// peer.h - who is at the other end of a Unix socket, and what they may see.
//
// Source: unix(7) SO_PEERCRED: pid, uid and gid of the process that called
// connect(2), as they were then.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "userspace/base/result.h"

namespace portwatch {

// Decides what an answer shows; see peer_view.h.
struct Viewer {
  uid_t uid = 0;
  // /proc is mounted with hidepid: others' directories there are closed.
  bool proc_hidden = false;

  bool sees_all() const { return uid == 0; }
  friend bool operator==(const Viewer&, const Viewer&) = default;
};

struct Peer {
  pid_t pid = 0;  // 0: outside our pid namespace
  gid_t gid = 0;
  Viewer viewer;
  std::uint32_t netns = 0;  // of that process; 0 = not known
};

// `socket` is a connected AF_UNIX socket.
Result<Peer> peer_of(int socket);

// True when the last /proc of `mountinfo` (text of /proc/self/mountinfo, see
// proc(5)) is mounted with a hidepid other than 0. Its gid= option, which lets
// one group see everything, is not honoured: such a group is told less here.
bool hides_processes(const std::string& mountinfo);

}  // namespace portwatch
