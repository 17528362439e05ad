// cgroup_root.h - the cgroup2 directory to attach to.
//
// Source: cgroups(7); the true root has inode 1, a cgroup namespace's has not.
#pragma once

#include "userspace/base/result.h"
#include "userspace/base/unique_fd.h"

namespace portwatch {

struct CgroupRoot {
  UniqueFd directory;
  bool whole_host = false;  // false: a subtree, as inside a container
};

// Opens the mounted cgroup2 hierarchy, or mounts one that nobody else sees.
// Errors: not_supported (no cgroup2 in this kernel), not_permitted.
Result<CgroupRoot> open_cgroup_root();

}  // namespace portwatch
