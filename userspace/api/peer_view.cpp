#include "userspace/api/peer_view.h"

#include <sys/stat.h>

#include <string>

namespace portwatch {
namespace {

// A process whose user is not known is somebody else's. One that has dropped
// rights is not for its user's eyes either: its files belong to root then, though
// not its directory (task_dump_owner() in fs/proc/base.c). One that is gone has
// no files, only its user.
bool is_own(const Process& process, const Viewer& viewer) {
  if (process.uid != viewer.uid) {
    return false;
  }
  struct stat facts {};
  const std::string file = "/proc/" + std::to_string(process.id.pid) + "/environ";
  return stat(file.c_str(), &facts) != 0 || facts.st_uid == viewer.uid;
}

void redact(Process& process, const Viewer& viewer) {
  if (is_own(process, viewer)) {
    return;
  }
  process.exe.reset();
  process.fds.reset();
  if (viewer.proc_hidden) {
    process.cmdline.reset();
    process.publishes.reset();
    process.cgroup.reset();
    process.container.reset();
    process.container_name.reset();
    process.ppid.reset();
    process.ns_pid.reset();
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
