#include "userspace/api/peer_view.h"

namespace portwatch {
namespace {

void redact(Process& process, const Viewer& viewer) {
  // A process whose user is not known is somebody else's.
  if (process.uid == viewer.uid) {
    return;
  }
  process.exe.reset();
  process.fds.reset();
  if (viewer.proc_hidden) {
    process.cmdline.reset();
    process.cgroup.reset();
    process.container.reset();
    process.ppid.reset();
    process.orphan.reset();
  }
}

}  // namespace

void redact(Binding& binding, const Viewer& viewer) {
  if (viewer.sees_all()) {
    return;
  }
  if (binding.creator) {
    redact(*binding.creator, viewer);
  }
  if (binding.holders) {
    for (Process& holder : *binding.holders) {
      redact(holder, viewer);
    }
  }
}

void redact(Answer& answer, const Viewer& viewer) {
  for (Binding& binding : answer.bindings) {
    redact(binding, viewer);
  }
}

}  // namespace portwatch
