#include "userspace/daemon/describer.h"

#include <net/if.h>

#include <algorithm>

#include "userspace/source/netns.h"

namespace portwatch {
namespace {

constexpr std::size_t kMaxCreators = 4096;
constexpr std::size_t kMostArguments = 4096;  // bytes, of a creator
constexpr std::size_t kMaxHolders = 128;      // two descriptors each, or three
constexpr std::uint64_t kRootCgroup = 1;      // v2; 0: not read

// A device index means something only in its own namespace.
std::optional<std::string> interface_name(const SocketFacts& facts,
                                          std::uint32_t own_netns) {
  char name[IF_NAMESIZE];
  if (facts.interface == 0 || facts.netns != own_netns ||
      if_indextoname(facts.interface, name) == nullptr) {
    return std::nullopt;
  }
  return std::string(name);
}

}  // namespace

Describer::Describer(const Clock& clock) : clock_(clock), reader_(clock) {
  const auto own = netns_of(0);
  own_netns_ = own ? *own : 0;
}

SharedProcess Describer::creator(const TaskFacts& task) {
  const auto known = creators_.find(task.id);
  // A process may change its user, its name and its cgroup between two binds.
  if (known != creators_.end() && known->second.task == task) {
    return known->second.process;
  }
  Process process = reader_.read(task.id).value_or(Process{});
  if (process.name != task.comm) {  // it has run another program since
    process.exe.reset();
    process.cmdline.reset();
  }
  complete(process, task);
  cut_arguments(process, kMostArguments);
  const SharedProcess shared(std::move(process));
  if (creators_.size() >= kMaxCreators) {
    creators_.clear();
  }
  creators_.insert_or_assign(task.id, Creator{task, shared});
  return shared;
}

Process Describer::recorded(const TaskFacts& task, const TaskDetails& details) {
  Process process;
  complete(process, task);
  if (!details.exe.empty()) {
    process.exe = details.exe;
  }
  if (!details.argv.empty()) {
    add_arguments(process, details);
  }
  if (!details.cgroup.empty()) {
    process.cgroup = details.cgroup;
    process.unit = unit_of_cgroup(details.cgroup);
    process.container = container_of_cgroup(details.cgroup);
  }
  return process;
}

// The record has room for 512 bytes of them. /proc has all, of the same program:
// the process may have ended, or run another one since.
void Describer::add_arguments(Process& process, const TaskDetails& details) {
  process.cmdline = details.argv;
  if (!details.argv_cut) {
    return;
  }
  process.cmdline->pop_back();
  process.cmdline_cut = true;
  const auto now = reader_.read(process.id);
  const auto& known = *process.cmdline;
  if (now && now->cmdline && now->exe == process.exe &&
      now->cmdline->size() > known.size() &&
      std::equal(known.begin(), known.end(), now->cmdline->begin())) {
    process.cmdline = now->cmdline;
    process.cmdline_cut.reset();
    cut_arguments(process, kMostArguments);
  }
}

Process Describer::last_known(const TaskFacts& task) {
  const auto known = creators_.find(task.id);
  if (known != creators_.end()) {
    return *known->second.process;
  }
  return recorded(task, {});
}

// What the kernel told a moment ago is not read again from /proc, unless it
// differs: identity, comm, user, parent, cgroup. Everything else that can change
// is.
Describer::Holder* Describer::known_holder(const TaskFacts& task) {
  const auto found = holders_.find(task.id);
  if (found == holders_.end()) {
    return nullptr;
  }
  Holder& known = found->second;
  const Process& process = known.opened.process;
  if (process.name != task.comm || process.uid != task.uid ||
      process.ppid != task.ppid || known.cgroup_id != task.cgroup_id ||
      !known.opened.refresh()) {
    return nullptr;
  }
  // Of what is in v2's root, v1's systemd hierarchy may know a better name.
  if (task.cgroup_id <= kRootCgroup) {
    known.opened.refresh_cgroup();
  }
  return &known;
}

Process Describer::holder(const TaskFacts& task) {
  if (const Holder* known = known_holder(task)) {
    return known->opened.process;
  }
  holders_.erase(task.id);
  auto opened = reader_.open(task.id);
  if (!opened) {
    Process process;
    complete(process, task);
    return process;
  }
  if (holders_.size() >= kMaxHolders) {
    holders_.clear();
  }
  Holder holder{task.cgroup_id, std::move(*opened)};
  return holders_.emplace(task.id, std::move(holder)).first->second.opened.process;
}

void Describer::forget(const ProcessId& process) {
  creators_.erase(process);
  holders_.erase(process);
}

void Describer::forget_all() {
  creators_.clear();
  holders_.clear();
}

// What the kernel side said of the process is what it was at that moment.
void Describer::complete(Process& process, const TaskFacts& task) {
  process.id = task.id;
  process.start_time = start_wall_time(task.id.start_ticks, clock_);
  process.name = task.comm;
  process.uid = task.uid;
  process.user = reader_.user_name(task.uid);
  if (task.ppid != 0) {
    process.ppid = task.ppid;
    process.parent_start_ticks = task.parent_start_ticks;
  }
}

Binding Describer::binding(const SocketFacts& facts) const {
  Binding binding;
  binding.endpoint = facts.endpoint;
  if (facts.mptcp) {
    binding.endpoint.protocol = Protocol::mptcp;
  }
  binding.state = facts.state;
  binding.id = std::to_string(facts.id);
  binding.inode = facts.inode;
  binding.netns = facts.netns;
  if (facts.netns_cookie != 0) {
    binding.netns_cookie = facts.netns_cookie;
  }
  if (facts.endpoint.family == Family::ipv6) {
    binding.ipv6_only = facts.ipv6_only;
  }
  binding.reuse_addr = facts.reuse_addr;
  binding.reuse_port = facts.reuse_port;
  binding.uid = facts.uid;
  binding.interface_index = facts.interface;
  binding.interface = interface_name(facts, own_netns_);
  return binding;
}

void Describer::name_netns(std::vector<Binding>& bindings) const {
  const bool foreign =
      std::any_of(bindings.begin(), bindings.end(),
                  [this](const Binding& b) { return b.netns != own_netns_; });
  if (!foreign) {
    return;
  }
  const auto names = named_netns();
  for (Binding& binding : bindings) {
    const auto found = names.find(binding.netns);
    if (found != names.end()) {
      binding.netns_name = found->second;
    }
  }
}

}  // namespace portwatch
