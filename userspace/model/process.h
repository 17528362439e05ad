// process.h - a process as portwatch names it: identity first, facts second.
//
// A fact that is not known is empty, never invented: it becomes null in JSON.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/model/endpoint.h"

namespace portwatch {

// pid alone is no identity: it is reused. Both parts are as the namespaces of
// the program that looks see them.
struct ProcessId {
  pid_t pid = 0;
  // Clock ticks since boot (USER_HZ, 100 a second): field 22 of
  // /proc/PID/stat, and the kernel's start_boottime divided by 10 ms.
  std::uint64_t start_ticks = 0;

  friend auto operator<=>(const ProcessId&, const ProcessId&) = default;
};

// How a process ended, as wait(2) tells it.
struct ExitStatus {
  std::optional<int> code;    // exit(3); empty: a signal ended it
  std::optional<int> signal;  // number
  bool core_dumped = false;

  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};
ExitStatus exit_status_from_wait(int wait_status);
std::string to_string(const ExitStatus& status);        // "status 1", "SIGKILL"
std::string signal_name(int number);                    // "SIGKILL"; "signal 99"
std::optional<int> signal_from(std::string_view name);  // what signal_name wrote

// What is behind a port that a process holds for a container (docker-proxy,
// podman's conmon, pasta...): the container's own end of it.
struct PublishedPort {
  std::optional<std::string> container;  // as Process::container
  std::optional<std::string> container_name;
  std::optional<std::string> address;  // of the container, canonical
  std::optional<Port> port;            // in the container

  friend bool operator==(const PublishedPort&, const PublishedPort&) = default;
};

struct Process {
  ProcessId id;
  std::optional<WallTime> start_time;
  std::optional<pid_t> ns_pid;      // inside its own pid namespace
  std::optional<std::string> name;  // comm of the thread group leader
  std::optional<std::string> exe;
  std::optional<std::vector<std::string>> cmdline;
  // True: more arguments followed, or this is not the last one's end, and the
  // process was gone before they could be read.
  std::optional<bool> cmdline_cut;
  std::optional<uid_t> uid;  // effective uid
  std::optional<std::string> user;
  std::optional<pid_t> ppid;  // 0 = none visible
  // With ppid the parent's identity; 0: not known. Not in the JSON.
  std::uint64_t parent_start_ticks = 0;
  std::optional<std::string> cgroup;     // "/system.slice/nginx.service"
  std::optional<std::string> unit;       // "nginx.service"
  std::optional<std::string> container;  // "docker:0123456789ab"
  // As the runtime calls it; empty where it is not asked. Not for LXC and nspawn,
  // whose names are in `container`.
  std::optional<std::string> container_name;
  // Of a process that holds the socket in question for a container.
  std::optional<PublishedPort> publishes;
  std::optional<bool> orphan;
  // Descriptor numbers on the socket in question, ascending; holders only.
  std::optional<std::vector<int>> fds;

  friend bool operator==(const Process&, const Process&) = default;
};

// Keeps the first arguments, whole ones, of at most so many bytes together; sets
// cmdline_cut when there were more.
void cut_arguments(Process& process, std::size_t bytes);

// Bytes of what a user can make long: path, arguments and cgroup.
std::size_t text_bytes(const Process& process);

// The wall clock time of a start tick. The boot instant is rounded to 10 ms, so
// that two looks at one process give the same text (the clock may be slewed).
WallTime start_wall_time(std::uint64_t start_ticks, const Clock& clock);

// The systemd unit of a cgroup path (v2 path, or the path of v1's name=systemd
// hierarchy): the innermost *.service, *.socket, *.scope; empty when there is
// none. Escapes are left as they are.
std::optional<std::string> unit_of_cgroup(const std::string& path);
// "docker:ID", "podman:ID", "containerd:ID", "crio:ID", "lxc:NAME",
// "nspawn:NAME"; ids are cut to 12 characters.
std::optional<std::string> container_of_cgroup(const std::string& path);

// As the managers give it: 64 hexadecimal digits.
bool is_container_id(std::string_view text);
// "docker:0123456789ab" of the whole id.
std::string container_text(std::string_view manager, std::string_view id);

}  // namespace portwatch
