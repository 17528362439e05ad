#include "fallback/holders.h"

#include <sys/stat.h>

#include <algorithm>

#include "userspace/base/linux_values.h"
#include "userspace/source/netns_scope.h"

namespace portwatch {
namespace {

// Only from there are all processes seen.
bool in_init_pid_namespace() {
  struct stat facts {};
  return stat("/proc/self/ns/pid", &facts) == 0 &&
         facts.st_ino == kInitPidNamespace;
}

bool needs_a_holder(const Binding& binding) {
  return binding.inode != 0 && !binding.held_by;
}

}  // namespace

std::optional<Process> HolderDescriber::describe(pid_t pid) {
  const auto known = known_.find(pid);
  return known != known_.end()
             ? known->second
             : known_.emplace(pid, reader_.read(pid)).first->second;
}

void HolderDescriber::attach(std::vector<Binding>& bindings,
                             const std::vector<FoundFd>& found) {
  for (Binding& binding : bindings) {
    if (!needs_a_holder(binding)) {
      continue;
    }
    std::vector<Process> holders;
    auto at =
        std::lower_bound(found.begin(), found.end(), FoundFd{binding.inode, 0, -1});
    while (at != found.end() && at->inode == binding.inode) {
      const pid_t pid = at->pid;
      std::vector<int> fds;
      for (; at != found.end() && at->inode == binding.inode && at->pid == pid;
           ++at) {
        fds.push_back(at->fd);
      }
      if (auto process = describe(pid)) {
        process->fds = std::move(fds);
        holders.push_back(std::move(*process));
      }
    }
    if (!holders.empty()) {
      binding.held_by = HeldBy::process;
      binding.holders = std::move(holders);
    }
  }
}

void name_processless(std::vector<Binding>& bindings) {
  for (Binding& binding : bindings) {
    if (binding.inode == 0) {
      const bool in_use = binding.state == SocketState::connected ||
                          binding.state == SocketState::closing;
      binding.held_by = in_use ? HeldBy::nobody : HeldBy::kernel;
      binding.holders.emplace();
    }
  }
}

std::vector<std::uint64_t> unexplained_inodes(
    const std::vector<Binding>& bindings) {
  std::vector<std::uint64_t> inodes;
  for (const Binding& binding : bindings) {
    if (needs_a_holder(binding)) {
      inodes.push_back(binding.inode);
    }
  }
  std::sort(inodes.begin(), inodes.end());
  inodes.erase(std::unique(inodes.begin(), inodes.end()), inodes.end());
  return inodes;
}

std::vector<Missing> holder_gaps(const FdScan& scan) {
  std::vector<Missing> gaps;
  if (const std::size_t count = scan.refused.size(); count != 0) {
    gaps.push_back({"holders", std::to_string(count) +
                                   (count == 1 ? " process is" : " processes are") +
                                   " not visible to " + seen_by()});
  }
  if (scan.hidden) {
    gaps.push_back({"holders", "/proc hides processes from " + seen_by()});
  }
  if (!in_init_pid_namespace()) {
    gaps.push_back(
        {"scope", "processes outside of this pid namespace are not seen"});
  }
  return gaps;
}

}  // namespace portwatch
