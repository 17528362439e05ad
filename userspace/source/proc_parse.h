// proc_parse.h - the text of /proc/PID files, from bytes to values.
//
// Source: proc(5), cgroups(7). Pure functions over bytes that a process may
// have chosen itself (its name, its arguments): they never fail badly, they
// give back an empty optional when the text is not what the kernel writes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portwatch {

struct StatFacts {
  std::string name;  // comm; may hold spaces, parentheses and newlines
  char state = '?';
  pid_t ppid = 0;
  bool kernel_thread = false;     // PF_KTHREAD in field 9
  std::uint64_t start_ticks = 0;  // field 22, USER_HZ since boot
  // Field 52, as wait(2) will give it; only of a zombie. Without ptrace rights over
  // the process the kernel writes 0 whatever it is.
  std::optional<int> zombie_status;
};

// /proc/PID/stat.
std::optional<StatFacts> parse_stat(std::string_view bytes);

// Effective uid: the second number of the line "Uid:" of /proc/PID/status.
std::optional<uid_t> parse_effective_uid(std::string_view bytes);

// The pid inside the process's own pid namespace: the last number of the line
// "NSpid:" of /proc/PID/status.
std::optional<pid_t> parse_ns_pid(std::string_view bytes);

// /proc/PID/cmdline. Empty when there is none (kernel thread, zombie). Empty
// arguments at the very end are dropped: programs that write a title over
// their arguments leave zeros there.
std::optional<std::vector<std::string>> parse_cmdline(std::string_view bytes);

// The path that names the process best in /proc/PID/cgroup: the v2 line
// ("0::/path"), or the one of v1's name=systemd where that says more.
std::optional<std::string> parse_cgroup(std::string_view bytes);

}  // namespace portwatch
