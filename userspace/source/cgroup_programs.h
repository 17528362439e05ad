// cgroup_programs.h - which eBPF programs others have attached to a cgroup.
#pragma once

#include <string>
#include <vector>

namespace portwatch {

// Names of the programs attached to the cgroup directory open as `cgroup` with
// the attach type (enum bpf_attach_type); empty when there are none or the
// kernel does not tell.
std::vector<std::string> cgroup_programs(int cgroup, int attach_type);

}  // namespace portwatch
