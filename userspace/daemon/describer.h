// describer.h - puts names to facts: processes, users, namespaces, devices.
//
// Threads: one. Remembers creators while they live, because a process that
// binds a thousand times is described once, and the holders of the last answers,
// because reading a process from /proc takes longer than all else in an answer.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/model/answer.h"
#include "userspace/model/socket_event.h"
#include "userspace/source/process_reader.h"

namespace portwatch {

class Describer {
 public:
  explicit Describer(const Clock& clock);

  // The process as it was at the event: its record, completed from /proc when
  // the process is still there. Always known.
  SharedProcess creator(const TaskFacts& task);
  // The process as its record tells it; /proc is asked only for arguments that the
  // record had no room for.
  Process recorded(const TaskFacts& task, const TaskDetails& details);
  // One that has ended, of which the record tells no details: as it was described
  // when it took a port, if it did.
  Process last_known(const TaskFacts& task);
  // The process runs another program now, or ended.
  void forget(const ProcessId& process);
  // Events were lost: any of them may run another program now.
  void forget_all();

  // A holder as it is now, of which `task` was read from the kernel a moment ago;
  // of one that has just vanished, what that says.
  Process holder(const TaskFacts& task);

  // Any process as it is now; empty when it has vanished.
  std::optional<Process> process(const ProcessId& id) { return reader_.read(id); }

  // Without holders, since, creator: those are not facts of the socket.
  Binding binding(const SocketFacts& facts) const;

  // Fills in the names of the namespaces that have one.
  void name_netns(std::vector<Binding>& bindings) const;

 private:
  struct Creator {
    TaskFacts task;  // as it was when the rest was read
    SharedProcess process;
  };
  struct Holder {
    std::uint64_t cgroup_id;  // v2, when the process was read
    OpenedProcess opened;
  };

  void complete(Process& process, const TaskFacts& task);
  void add_arguments(Process& process, const TaskDetails& details);
  Holder* known_holder(const TaskFacts& task);

  const Clock& clock_;
  ProcessReader reader_;
  std::uint32_t own_netns_;
  std::map<ProcessId, Creator> creators_;
  std::map<ProcessId, Holder> holders_;
};

}  // namespace portwatch
