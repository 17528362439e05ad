// netns.h - network namespaces by inode number, and their names.
//
// Source: namespaces(7), ip-netns(8): a name is a file that the namespace is
// mounted on below /run/netns. The inode number of a namespace can be reused.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

#include "userspace/base/result.h"

namespace portwatch {

// Inode number of /proc/PID/ns/net (pid 0: our own).
// Error: not_permitted without ptrace rights over the process.
Result<std::uint32_t> netns_of(pid_t pid);

// Namespaces that have a name: inode number -> name. Empty when there are none.
std::map<std::uint32_t, std::string> named_netns(
    const std::string& directory = "/run/netns");

}  // namespace portwatch
