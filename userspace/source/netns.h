// netns.h - network namespaces by inode number, and their names.
//
// Source: namespaces(7), ip-netns(8): a name is a file that the namespace is
// mounted on below /run/netns. The inode number of a namespace can be reused.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/unique_fd.h"

namespace portwatch {

// Inode number of /proc/PID/ns/net (pid 0: our own).
// Error: not_permitted without ptrace rights over the process.
Result<std::uint32_t> netns_of(pid_t pid);

// Namespaces that have a name: inode number -> name. Empty when there are none.
std::map<std::uint32_t, std::string> named_netns(
    const std::string& directory = "/run/netns");

// Every network namespace but our own that a process lives in or that has a
// name, each once, opened for setns(2). Those that cannot be opened (no ptrace
// right over any process in it) are left out.
std::vector<UniqueFd> open_other_netns();

}  // namespace portwatch
