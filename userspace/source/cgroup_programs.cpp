#include "userspace/source/cgroup_programs.h"

#include <bpf/bpf.h>

#include <array>

#include "userspace/base/unique_fd.h"

namespace portwatch {

std::vector<std::string> cgroup_programs(int cgroup, int attach_type) {
  std::array<__u32, 64> ids{};  // BPF_CGROUP_MAX_PROGS
  __u32 count = ids.size();
  std::vector<std::string> names;
  if (bpf_prog_query(cgroup, static_cast<bpf_attach_type>(attach_type), 0, nullptr,
                     ids.data(), &count) != 0) {
    return names;
  }
  for (__u32 i = 0; i < count; ++i) {
    const UniqueFd program(bpf_prog_get_fd_by_id(ids.at(i)));
    bpf_prog_info info{};
    __u32 size = sizeof info;
    if (bpf_obj_get_info_by_fd(program.get(), &info, &size) == 0) {
      names.push_back("'" + std::string(info.name) + "' (id " +
                      std::to_string(ids.at(i)) + ")");
    }
  }
  return names;
}

}  // namespace portwatch
