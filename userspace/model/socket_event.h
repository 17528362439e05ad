// socket_event.h - what the kernel side says, decoded: facts about a socket, a
// process, an event.
//
// Source: bpf/events.h, through source/event_decoder.h. All values are as the
// kernel had them at `when`; nothing here is a guess.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/model/bind_failure.h"
#include "userspace/model/binding.h"

namespace portwatch {

struct SocketFacts {
  std::uint64_t id = 0;            // 0: not tracked
  std::uint64_t inode = 0;         // 0: no struct socket (kernel socket, orphan)
  std::uint64_t netns_cookie = 0;  // 0: the kernel has none
  std::uint32_t netns = 0;
  std::uint32_t interface = 0;  // index in that namespace; 0: any
  Endpoint endpoint;            // port 0: holds none
  SocketState state = SocketState::bound;
  bool reuse_addr = false;
  bool reuse_port = false;
  bool ipv6_only = false;
  bool kernel = false;  // no process ever had a descriptor on it
  bool mptcp = false;   // the subflow of an MPTCP socket, or that socket itself
  bool locked = false;  // explicit port: survives shutdown and disconnect
  uid_t uid = 0;        // of the socket: its creator's fsuid

  friend bool operator==(const SocketFacts&, const SocketFacts&) = default;
};

// False for a connection and for what is left of one.
inline bool takes_a_port(const SocketFacts& facts) {
  return facts.state == SocketState::listening || facts.state == SocketState::bound;
}

struct TaskFacts {
  ProcessId id;    // pid 0: not visible in the daemon's pid namespace
  pid_t ppid = 0;  // 0: none visible
  uid_t uid = 0;   // effective, initial user namespace
  std::uint64_t parent_start_ticks = 0;  // with ppid: the parent's identity
  std::uint64_t cgroup_id = 0;           // v2; 0: not read
  std::string comm;

  friend bool operator==(const TaskFacts&, const TaskFacts&) = default;
};

// What /proc may not show any more when the record is read.
struct TaskDetails {
  std::string exe;                // as /proc/PID/exe; empty: not read, or cut off
  std::vector<std::string> argv;  // the first 512 bytes; the last may be cut
  bool argv_cut = false;
  std::string cgroup;              // v2 path; empty: not read
  std::vector<TaskFacts> parents;  // nearest first, at most 8; cgroup_id is 0

  friend bool operator==(const TaskDetails&, const TaskDetails&) = default;
};

struct SocketEvent {
  enum class Kind : std::uint8_t {
    bind,
    listen,
    unlisten,
    release,
    destroy,
    connect
  };
  // unlisten also takes back a bind: another tool refused it after it was told.
  Kind kind = Kind::bind;
  BootTime when{};
  SocketFacts socket;
  TaskFacts task;  // who did it; all zero for unlisten, release and destroy
};

struct ProcessEvent {
  enum class Kind : std::uint8_t { fork, exec, exit };
  Kind kind = Kind::fork;
  BootTime when{};
  TaskFacts task;
  ProcessId child;                     // fork only
  std::optional<int> wait_status;      // exit only, as wait(2) gives it
  std::optional<TaskDetails> details;  // exit only; empty: it was too late
};

// A bind, listen or connect that the kernel refused.
struct FailureEvent {
  Operation operation = Operation::bind;
  int error = 0;  // errno, positive
  BootTime when{};
  // Its endpoint is what was asked for (the kernel's copy), not what it has. id 0:
  // not tracked.
  SocketFacts socket;
  TaskFacts task;
  TaskDetails details;
};

using KernelEvent = std::variant<SocketEvent, ProcessEvent, FailureEvent>;

// A tracked socket in the kernel's own picture.
struct SocketEntry {
  SocketFacts socket;
  std::optional<TaskFacts> creator;  // empty: it took the port before our time
  std::optional<BootTime> since;     // the same
};

// Where a descriptor on a socket was met. The first four are addresses: names of
// the kernel's objects, only to find them again.
struct DescriptorSlot {
  std::uint64_t task = 0;   // a thread that uses the table
  std::uint64_t files = 0;  // the descriptor table (CLONE_FILES shares it)
  std::uint64_t file = 0;
  std::uint64_t sk = 0;
  std::uint64_t inode = 0;  // of the socket
  std::uint64_t id = 0;     // of the socket
  int fd = 0;
};

// One descriptor of one process.
struct HolderFacts {
  SocketFacts socket;
  TaskFacts task;
  DescriptorSlot slot;
  std::uint32_t references = 0;  // of the struct file, all of them
  std::uint32_t waiters = 0;     // of those, held by blocked system calls
  std::uint32_t sharers = 0;     // tasks, threads too, that use the table
  std::uint32_t threads = 0;     // of the process
};

}  // namespace portwatch
