#include "userspace/source/failure_hooks.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <cerrno>
#include <numeric>
#include <string_view>
#include <utility>

#include "userspace/source/program_info.h"

// Below what they mention.
#include <portwatch_function_bpf.skel.h>
#include <portwatch_ring_bpf.skel.h>
#include <portwatch_state_bpf.skel.h>
#include <portwatch_task_work_bpf.skel.h>
#include <portwatch_tracepoint_bpf.skel.h>

namespace portwatch {

struct FailureHooks::Source {
  const char* name;  // of a tier: its word
  const char* hook;  // that it stands or falls with
  const void* (*elf)(size_t* size);
};

namespace {

// include/uapi/linux/bpf.h, Linux 6.15: our program runs before those of others,
// and sees what the caller asked for, not what they made of it.
constexpr __u32 kPreorder = 1U << 6;

// A section that each object has for itself.
bool is_private(std::string_view map) {
  return map == ".bss" || map == ".data" || map == ".rodata";
}

Result<void> share_maps(bpf_object* object, const bpf_object* first) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    const char* name = bpf_map__name(map);
    const bpf_map* shared = bpf_object__find_map_by_name(first, name);
    if (is_private(name) || shared == nullptr) {
      continue;
    }
    if (const int failed = bpf_map__reuse_fd(map, bpf_map__fd(shared));
        failed != 0) {
      return errno_error(-failed, std::string("cannot share ") + name);
    }
  }
  return {};
}

UniqueFd link_to_cgroup(const bpf_program* program, int cgroup) {
  const int fd = bpf_program__fd(program);
  const auto type = bpf_program__expected_attach_type(program);
  bpf_link_create_opts options{};
  options.sz = sizeof options;
  options.flags = kPreorder;
  UniqueFd link(bpf_link_create(fd, cgroup, type, &options));
  if (!link.valid() && errno == EINVAL) {
    link.reset(bpf_link_create(fd, cgroup, type, nullptr));
  }
  return link;
}

}  // namespace

FailureHooks::FailureHooks(const bpf_object* first, int cgroup,
                           BindResults wanted) {
  if (wanted == BindResults::none) {
    return;
  }
  attach_tier(first, cgroup, wanted);
  add({"state", "tp_btf/inet_sock_set_state", portwatch_state_bpf__elf_bytes},
      first, cgroup);
  if (tier_ != "none") {
    add({"ring", "tp_btf/io_uring_complete", portwatch_ring_bpf__elf_bytes}, first,
        cgroup);
  }
}

// Best first.
void FailureHooks::attach_tier(const bpf_object* first, int cgroup,
                               BindResults wanted) {
  struct Tier {
    Source source;
    BindResults by_name;  // automatic: only so
    bool automatic;
  };
  const std::array<Tier, 3> tiers{{
      {{"fexit", "fexit/__sys_bind", portwatch_function_bpf__elf_bytes},
       BindResults::automatic,
       true},
      {{"task_work", "cgroup/bind4", portwatch_task_work_bpf__elf_bytes},
       BindResults::task_work,
       true},
      {{"tracepoint", "tracepoint/syscalls/sys_exit_bind",
        portwatch_tracepoint_bpf__elf_bytes},
       BindResults::tracepoint,
       false},
  }};
  for (const Tier& tier : tiers) {
    const bool tried =
        wanted == BindResults::automatic ? tier.automatic : wanted == tier.by_name;
    if (!tried) {
      continue;
    }
    const auto added = try_add(tier.source, first, cgroup);
    if (added) {
      tier_ = tier.source.name;
      return;
    }
    refused_ += (refused_.empty() ? "" : "; ") + added.error().context;
  }
  missing_.push_back({"cgroup/bind4", false, refused_, 0});
}

void FailureHooks::add(const Source& source, const bpf_object* first, int cgroup) {
  if (auto added = try_add(source, first, cgroup); !added) {
    missing_.push_back({source.hook, false, added.error().context, 0});
  }
}

// All of its programs or none.
Result<void> FailureHooks::try_add(const Source& source, const bpf_object* first,
                                   int cgroup) {
  std::size_t size = 0;
  const void* elf = source.elf(&size);
  std::unique_ptr<bpf_object, BpfDeleter> object(
      bpf_object__open_mem(elf, size, nullptr));
  if (object == nullptr) {
    return errno_error(errno, std::string("cannot open the object ") + source.name);
  }
  if (auto shared = share_maps(object.get(), first); !shared) {
    return shared;
  }
  if (const int failed = bpf_object__load(object.get()); failed != 0) {
    return errno_error(-failed, std::string("cannot load ") + source.hook);
  }
  std::vector<Hook> attached;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object.get()) {
    auto hook = attach(program, cgroup);
    if (!hook) {
      return hook.error();
    }
    attached.push_back(std::move(hook).value());
  }
  std::move(attached.begin(), attached.end(), std::back_inserter(hooks_));
  objects_.push_back(std::move(object));
  return {};
}

Result<FailureHooks::Hook> FailureHooks::attach(bpf_program* program, int cgroup) {
  Hook hook{bpf_program__section_name(program), bpf_program__fd(program),
            UniqueFd(), nullptr};
  if (bpf_program__type(program) == BPF_PROG_TYPE_CGROUP_SOCK_ADDR) {
    hook.cgroup_link = link_to_cgroup(program, cgroup);
  } else {
    hook.link.reset(bpf_program__attach(program));
  }
  if (!hook.cgroup_link.valid() && hook.link == nullptr) {
    return errno_error(errno, "cannot attach " + hook.name);
  }
  return hook;
}

std::vector<HookStatus> FailureHooks::hooks() const {
  std::vector<HookStatus> all = missing_;
  for (const Hook& hook : hooks_) {
    all.push_back({hook.name, true, "", recursion_misses(hook.program_fd)});
  }
  return all;
}

std::uint64_t FailureHooks::missed() const {
  return std::accumulate(hooks_.begin(), hooks_.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Hook& hook) {
                           return sum + recursion_misses(hook.program_fd);
                         });
}

}  // namespace portwatch
