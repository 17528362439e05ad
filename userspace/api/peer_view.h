// peer_view.h - takes away what the asker may not know.
//
// The rule of contract.md: of another user's process a peer learns the port's
// owner (pid, start time, name, user, unit) and what /proc would show that peer:
// not exe and fds (they need ptrace rights, proc(5)), and with hidepid not
// cmdline (and publishes, which comes from it), cgroup, container and its name,
// ppid, nsPid and orphan either. Root sees everything, one's own processes are
// complete.
#pragma once

#include "userspace/api/peer.h"
#include "userspace/model/answer.h"

namespace portwatch {

void redact(Binding& binding, const Viewer& viewer);
void redact(Answer& answer, const Viewer& viewer);

}  // namespace portwatch
