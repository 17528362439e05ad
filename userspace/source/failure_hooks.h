// failure_hooks.h - the hooks that see what the kernel refuses: PW_FAILURE records.
//
// What a bind(2) returned is seen in one of several ways ("tiers"); which of them a
// kernel allows is found by loading and attaching, never by its version. Each is an
// object of its own that uses the maps of the first one. Never pinned: who comes
// next attaches its own. Threads: one at a time, any.
// Owns its programs and links; destruction
// detaches them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/unique_fd.h"
#include "userspace/model/status.h"
#include "userspace/source/bpf_deleter.h"

struct bpf_object;
struct bpf_program;

namespace portwatch {

// automatic: the best that costs unrelated system calls nothing. tracepoint makes
// every system call of the host some 50 ns slower, and misses 32-bit ones. none:
// failures are not seen.
enum class BindResults : std::uint8_t { automatic, task_work, tracepoint, none };

class FailureHooks {
 public:
  FailureHooks() = default;
  // `first` is loaded; `cgroup` is the descriptor of the root cgroup. What cannot
  // be attached is no error: it is said by hooks() and refused().
  FailureHooks(const bpf_object* first, int cgroup, BindResults wanted);

  // How the result of a bind is seen: "fexit", "task_work", "tracepoint" or "none".
  const std::string& tier() const { return tier_; }
  // Why not in a better way; empty: that is the best, or as it was wanted.
  const std::string& refused() const { return refused_; }
  std::vector<HookStatus> hooks() const;
  // The sum of their `missed`.
  std::uint64_t missed() const;

 private:
  struct Hook {
    std::string name;
    int program_fd;
    UniqueFd cgroup_link;
    BpfLink link;
  };
  struct Source;  // an object as it is compiled in

  void attach_tier(const bpf_object* first, int cgroup, BindResults wanted);
  void add(const Source& source, const bpf_object* first, int cgroup);
  Result<void> try_add(const Source& source, const bpf_object* first, int cgroup);
  static Result<Hook> attach(bpf_program* program, int cgroup);

  std::string tier_ = "none";
  std::string refused_;
  std::vector<HookStatus> missing_;
  std::vector<std::unique_ptr<bpf_object, BpfDeleter>> objects_;
  std::vector<Hook> hooks_;
};

}  // namespace portwatch
