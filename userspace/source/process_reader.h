// process_reader.h - what /proc says about one process.
//
// Source: proc(5). Every read is raw open/read, nothing is cached but user
// names: names and command lines change. A process that vanishes in the middle
// yields empty facts, never an error.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/unique_fd.h"
#include "userspace/model/process.h"
#include "userspace/source/read_file.h"

namespace portwatch {

// A process and its directory below /proc. While that is open, the pid in its path
// cannot come to mean another process: reads below it fail once the process is
// gone.
struct OpenedProcess {
  UniqueFd directory;
  Process process;
  KeptFile cmdline = {};
  KeptFile cgroup = {};  // once it was refreshed

  // Reads anew what changes without a trace: exe and cmdline (a program may write
  // a title over its arguments). False: the process has ended.
  bool refresh();
  // The same for the cgroup, with unit and container.
  void refresh_cgroup();
};

class ProcessReader {
 public:
  // `proc` is the mount point, "/proc" but in tests. The clock must live as
  // long as the reader.
  explicit ProcessReader(const Clock& clock, std::string proc = "/proc");

  // Everything that can be known about `pid` now. Empty when no such process.
  std::optional<Process> read(pid_t pid);
  // As read(pid), but empty when the pid now belongs to a younger process.
  std::optional<Process> read(const ProcessId& id);
  // The same, to be read again.
  std::optional<OpenedProcess> open(const ProcessId& id);
  // Identity and comm only: one file.
  std::optional<Process> read_brief(pid_t pid);

  // The parents of `process`, nearest first, up to pid 1; at most 32. Brief.
  std::vector<Process> ancestors(const Process& process);

  // Name of a uid from the user database; empty when it has none.
  std::optional<std::string> user_name(uid_t uid);

 private:
  std::optional<OpenedProcess> open(pid_t pid);

  const Clock& clock_;
  std::string proc_;
  std::unordered_map<uid_t, std::optional<std::string>> users_;
};

}  // namespace portwatch
