// live_looks.cpp - how LiveBackend looks: at the processes that are believed to
// hold a port, or at everybody, and when that is all.
#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "userspace/daemon/live_backend.h"
#include "userspace/source/ring_files.h"

namespace portwatch {
namespace {

// Beyond this many known holders one pass over the host is the cheaper look.
constexpr std::size_t kMaxSingleLooks = 32;

std::set<ProcessId> processes_of(const SocketHolders& holders) {
  std::set<ProcessId> processes;
  for (const auto& [process, holder] : holders.holders) {
    processes.insert(process);
  }
  return processes;
}

// What a connection's sleepers hold is not counted: see snapshot.bpf.c.
bool adds_up(const SocketHolders& one) {
  return !takes_a_port(one.facts) || one.proven();
}

bool is_accounted_for(const TrackedSocket& socket,
                      const std::vector<SocketHolders>& groups) {
  return std::any_of(groups.begin(), groups.end(), [&](const SocketHolders& one) {
    const bool same = one.facts.id == socket.facts.id ||
                      (socket.facts.mptcp && one.facts.inode == socket.facts.inode);
    return same && one.proven();
  });
}

}  // namespace

// Looks only at the processes that are believed to hold the port. proven: they
// account for every reference to every socket that the table knows there.
Result<LiveBackend::Groups> LiveBackend::proven_holders(Port port, bool& proven) {
  std::set<pid_t> pids;
  const auto known = table_.find(port);
  for (const TrackedSocket& socket : known) {
    for (const ProcessId& process : socket.candidates) {
      pids.insert(process.pid);
    }
  }
  proven = false;
  if (known.empty() || pids.empty() || pids.size() > kMaxSingleLooks) {
    return Groups();
  }
  std::vector<HolderFacts> found;
  for (const pid_t pid : pids) {
    auto some = picture_->holders_of(pid, port);
    if (!some) {
      return some.error();
    }
    found.insert(found.end(), some->begin(), some->end());
  }
  Groups groups = group_by_socket(found);
  proven =
      std::all_of(known.begin(), known.end(), [&](const TrackedSocket& socket) {
        return is_accounted_for(socket, groups);
      });
  if (proven) {
    remember(groups);
  }
  return groups;
}

// Looks at every process and tells the table what it did not know.
Result<LiveBackend::Groups> LiveBackend::every_holder(Port port) {
  ++full_passes_;
  auto found = picture_->all_holders(port);
  if (!found) {
    return found.error();
  }
  Groups groups = group_by_socket(*found);
  for (const SocketHolders& holders : groups) {
    if (holders.facts.id != 0 && table_.same_socket(holders.facts) == nullptr) {
      publish_all(table_.adopt({holders.facts, {}, {}}, clock_.boot_now()));
    }
  }
  remember(groups);
  return groups;
}

// These are the holders to look at first when the question comes again.
void LiveBackend::remember(const Groups& groups) {
  for (const SocketHolders& holders : groups) {
    if (const TrackedSocket* socket = table_.same_socket(holders.facts)) {
      table_.set_holders(socket->facts.id, processes_of(holders));
    }
  }
}

// The walk over all processes is not atomic: a descriptor that moves from one
// not yet visited to one that was is missed, and then the references do not add
// up. So it is repeated once.
Result<LiveBackend::Groups> LiveBackend::settled_holders(Port port) {
  auto groups = every_holder(port);
  if (groups && !std::all_of(groups->begin(), groups->end(), adds_up)) {
    groups = every_holder(port);
  }
  return groups;
}

// Sockets whose references still do not add up, or that no descriptor leads to,
// may live in an io_uring.
void LiveBackend::find_ring_owners(Groups& groups) const {
  std::set<std::uint64_t> odd;
  for (const SocketHolders& one : groups) {
    if (one.facts.inode != 0 && (one.holders.empty() || !adds_up(one))) {
      odd.insert(one.facts.inode);
    }
  }
  if (odd.empty()) {
    return;
  }
  std::map<std::uint64_t, std::set<std::pair<std::uint64_t, int>>> slots;
  for (const RingFile& file : find_ring_files(odd)) {
    slots[file.inode].emplace(file.ring, file.slot);
    for (SocketHolders& one : groups) {
      if (one.facts.inode == file.inode) {
        one.ring_owners.insert(file.owner);
        one.ring_slots = slots[file.inode].size();
      }
    }
  }
}

// An application's MPTCP socket goes on naming an automatic port that shutdown(2)
// has freed; the port is its subflow's, and that is the one that is tracked.
bool LiveBackend::has_stale_port(const SocketHolders& holders) const {
  const SocketFacts& facts = holders.facts;
  const TrackedSocket* subflow =
      facts.mptcp && facts.id == 0 ? table_.same_socket(facts) : nullptr;
  return subflow != nullptr && takes_a_port(facts) &&
         subflow->facts.endpoint.port != facts.endpoint.port;
}

// Those that were there before and after the walk and that no descriptor led to.
LiveBackend::Groups LiveBackend::without_holder(
    const std::vector<SocketEntry>& before, const std::vector<SocketEntry>& after,
    const Groups& groups) const {
  std::unordered_set<std::uint64_t> old;
  for (const SocketEntry& entry : before) {
    old.insert(entry.socket.id);
  }
  // A subflow is met as its MPTCP socket, which has no id of its own.
  std::unordered_set<std::uint64_t> held;
  for (const SocketHolders& one : groups) {
    const TrackedSocket* socket = table_.same_socket(one.facts);
    held.insert(socket != nullptr ? socket->facts.id : one.facts.id);
  }
  Groups found;
  for (const SocketEntry& entry : after) {
    const TrackedSocket* socket = table_.same_socket(entry.socket);
    const std::uint64_t id = socket != nullptr ? socket->facts.id : entry.socket.id;
    if (entry.socket.endpoint.port != 0 && old.contains(entry.socket.id) &&
        !held.contains(id)) {
      found.emplace_back().facts = entry.socket;
    }
  }
  return found;
}

// The table learns what the two readings saw: sockets that it did not know, and
// ports that moved or went without an event.
void LiveBackend::update_table(Port port, const std::vector<SocketEntry>& before,
                               const std::vector<SocketEntry>& after,
                               BootTime begun) {
  std::unordered_set<std::uint64_t> alive;
  for (const SocketEntry& entry : before) {
    alive.insert(entry.socket.id);
  }
  for (const SocketEntry& entry : after) {
    alive.insert(entry.socket.id);
    const TrackedSocket* known = table_.same_socket(entry.socket);
    if (known == nullptr || known->facts.endpoint != entry.socket.endpoint) {
      publish_all(table_.adopt(entry, begun));
    }
  }
  publish_all(table_.settle(port, alive, begun));
}

// The sockets on `port`, from the kernel: those with descriptors, and those that
// were there before and after the walk and that no descriptor led to (the kernel's
// own, and those in flight).
Result<LiveBackend::Look> LiveBackend::look_at_everybody(Port port) {
  const BootTime begun = clock_.boot_now();
  const auto before = picture_->sockets(port);
  if (!before) {
    return before.error();
  }
  auto groups = settled_holders(port);
  if (!groups) {
    return groups.error();
  }
  const auto after = picture_->sockets(port);
  if (!after) {
    return after.error();
  }
  for (SocketHolders& none : without_holder(*before, *after, *groups)) {
    groups->push_back(std::move(none));
  }
  update_table(port, *before, *after, begun);
  std::erase_if(*groups, [this](const auto& one) { return has_stale_port(one); });
  find_ring_owners(*groups);
  Look look;
  for (const SocketHolders& holders : *groups) {
    look.bindings.push_back(describe(holders));
    look.adds_up = look.adds_up && adds_up(holders);
  }
  return look;
}

// A look that began after the question was asked is as good as one of its own.
Result<const LiveBackend::Look*> LiveBackend::look(Port port) {
  auto known = looks_.find(port);
  if (known == looks_.end()) {
    auto made = look_at_everybody(port);
    if (!made) {
      return made.error();
    }
    known = looks_.emplace(port, std::move(made).value()).first;
  }
  return &known->second;
}

Result<void> LiveBackend::add_look(const Question& question, Answer& answer) {
  const auto found = look(question.port.value_or(0));
  if (!found) {
    return found.error();
  }
  for (const Binding& binding : (*found)->bindings) {
    if (admits(question, binding)) {
      answer.bindings.push_back(binding);
    }
  }
  if (!(*found)->adds_up) {
    answer.miss({"holders",
                 "a descriptor is in a message or in a system call of a process "
                 "that was not found"});
  }
  return {};
}

}  // namespace portwatch
