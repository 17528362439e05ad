#include "userspace/api/peer_view.h"

#include <sys/stat.h>

#include <string>

#include "userspace/api/change_processes.h"

namespace portwatch {

// A process whose user is not known is somebody else's. One that has dropped
// rights is not for its user's eyes either: its files belong to root then, though
// not its directory (task_dump_owner() in fs/proc/base.c). One that is gone has
// no files, only its user.
bool owns(const Viewer& viewer, const Process& process) {
  if (viewer.sees_all()) {
    return true;
  }
  if (process.uid != viewer.uid) {
    return false;
  }
  struct stat facts {};
  const std::string file = "/proc/" + std::to_string(process.id.pid) + "/environ";
  return stat(file.c_str(), &facts) != 0 || facts.st_uid == viewer.uid;
}

bool owns_all(const Viewer& viewer, const Binding& binding) {
  bool all = true;
  each_process_of_binding(
      binding, [&](const Process& process) { all = all && owns(viewer, process); });
  return all;
}

void redact(Process& process, const Viewer& viewer) {
  if (owns(viewer, process)) {
    return;
  }
  process.exe.reset();
  process.fds.reset();
  if (viewer.proc_hidden) {
    process.cmdline.reset();
    process.cmdline_cut.reset();
    process.publishes.reset();
    process.cgroup.reset();
    process.container.reset();
    process.container_name.reset();
    process.ppid.reset();
    process.ns_pid.reset();
    process.orphan.reset();
  }
}

void redact(Binding& binding, const Viewer& viewer) {
  if (!viewer.sees_all()) {
    // Field 52 of /proc/PID/stat takes ptrace rights.
    if (binding.creator && !owns(viewer, *binding.creator)) {
      binding.last_exit.reset();
    }
    each_process_of_binding(binding,
                            [&](Process& process) { redact(process, viewer); });
  }
}

void redact(Answer& answer, const Viewer& viewer) {
  for (Binding& binding : answer.bindings) {
    redact(binding, viewer);
  }
}

}  // namespace portwatch
