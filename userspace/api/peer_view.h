// peer_view.h - takes away what the asker may not know.
//
// The rule of contract.md: of another user's process a peer learns the port's
// owner (pid, start time, name, user, unit) and what /proc would show that peer:
// not exe and fds (they need ptrace rights, proc(5)), and with hidepid not
// cmdline (and publishes, which comes from it), cgroup, container and its name,
// ppid, nsPid and orphan either. Root sees everything, one's own processes are
// complete.
//
// Sentences are no facts that could be taken out one by one. service.h: they tell
// nothing that needs ptrace rights. With hidepid those that may be about another
// user's process give way to one that says only what kind of thing it is.
#pragma once

#include "userspace/api/peer.h"
#include "userspace/model/answer.h"
#include "userspace/model/history.h"
#include "userspace/model/verdict.h"

namespace portwatch {

// True when the process is the viewer's own, in the eyes of /proc.
bool owns(const Viewer& viewer, const Process& process);
bool owns_all(const Viewer& viewer, const Binding& binding);

void redact(Process& process, const Viewer& viewer);
void redact(Binding& binding, const Viewer& viewer);
void redact(Answer& answer, const Viewer& viewer);
// The subject of a program's loop is named by what is left of its process. With
// hidepid: the ancestors of a failed bind end before the first that is not the
// viewer's, and `why` is kept only if all that it can be about is.
void redact(Change& change, const Viewer& viewer);
void redact(EventsAnswer& answer, const Viewer& viewer);
// With hidepid a reason that lost its text has no remedies either: they name
// processes and containers.
void redact(Verdict& verdict, const Viewer& viewer);

}  // namespace portwatch
