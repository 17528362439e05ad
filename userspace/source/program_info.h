// program_info.h - what libbpf and the kernel say about one eBPF program.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cstdint>

namespace portwatch {

inline bool is_tracing(const bpf_program* program) {
  return bpf_program__type(program) == BPF_PROG_TYPE_TRACING;
}

// Runs that the kernel skipped, since the program was loaded.
inline std::uint64_t recursion_misses(int program_fd) {
  bpf_prog_info info{};
  __u32 size = sizeof info;
  return bpf_obj_get_info_by_fd(program_fd, &info, &size) == 0
             ? info.recursion_misses
             : 0;
}

}  // namespace portwatch
