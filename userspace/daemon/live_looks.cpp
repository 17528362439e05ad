// live_looks.cpp - how LiveBackend looks: at the processes that are believed to
// hold a port, or at everybody, and when that is all.
#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "userspace/daemon/live_backend.h"
#include "userspace/source/ring_files.h"

namespace portwatch {
namespace {

// Beyond this many known holders one pass over the host is the cheaper look.
constexpr std::size_t kMaxSingleLooks = 32;
constexpr std::size_t kMaxRememberedPorts = 1024;  // at most 4 KiB each

std::set<ProcessId> processes_of(const SocketHolders& holders) {
  std::set<ProcessId> processes;
  for (const auto& [process, holder] : holders.holders) {
    processes.insert(process);
  }
  return processes;
}

// What a connection's sleepers hold is not counted: see holder.bpf.h.
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

// All who are believed to hold one of them.
std::set<ProcessId> candidates_of(const std::vector<TrackedSocket>& known) {
  std::set<ProcessId> processes;
  for (const TrackedSocket& socket : known) {
    processes.insert(socket.candidates.begin(), socket.candidates.end());
  }
  return processes;
}

// What was found, if it accounts for itself and for all that is known.
std::optional<std::vector<SocketHolders>> proof_of(
    const std::vector<HolderFacts>& found,
    const std::vector<TrackedSocket>& known) {
  auto groups = group_by_socket(found);
  const bool proven =
      std::all_of(groups.begin(), groups.end(), adds_up) &&
      std::all_of(known.begin(), known.end(), [&](const TrackedSocket& socket) {
        return is_accounted_for(socket, groups);
      });
  return proven ? std::optional(std::move(groups)) : std::nullopt;
}

}  // namespace

// Looks only where the port's sockets are believed to be held, first at the very
// descriptors. Empty: that does not account for every reference to every socket
// that the table knows there. `connections`: those of the same processes are wanted
// too.
Result<LiveBackend::Proof> LiveBackend::proven_holders(Port port,
                                                       bool connections) {
  const auto known = table_.find(port);
  const auto processes = candidates_of(known);
  if (processes.empty() || processes.size() > kMaxSingleLooks) {
    return Proof();
  }
  if (!connections) {
    if (auto proof = look_again(port, processes, known)) {
      return proof;
    }
  }
  std::vector<HolderFacts> found;
  for (const ProcessId& process : processes) {
    auto some = picture_->holders_of(process.pid, port);
    if (!some) {
      return some.error();
    }
    found.insert(found.end(), some->begin(), some->end());
  }
  Proof proof = proof_of(found, known);
  if (proof) {
    adopt_unknown(*proof);
    remember(*proof);
    remember_slots(port, found);
  }
  return proof;
}

// Only while the processes are the same: a new one may have descriptors of its own.
LiveBackend::Proof LiveBackend::look_again(
    Port port, const std::set<ProcessId>& processes,
    const std::vector<TrackedSocket>& known) {
  const auto last = slots_.find(port);
  if (last == slots_.end() || last->second.processes != processes) {
    return std::nullopt;
  }
  auto found = picture_->holders_at(last->second.slots);
  if (!found) {
    return std::nullopt;  // the walk will tell
  }
  std::erase_if(*found, [port](const HolderFacts& one) {
    return one.socket.endpoint.port != port;
  });
  return proof_of(*found, known);
}

// Connections come and go, and are not what a proof is about.
void LiveBackend::remember_slots(Port port, const std::vector<HolderFacts>& found) {
  slots_.erase(port);
  if (slots_.size() >= kMaxRememberedPorts) {
    slots_.clear();
  }
  Slots slots;
  std::set<std::tuple<ProcessId, std::uint64_t, int>>
      met;  // not once for each thread
  for (const HolderFacts& one : found) {
    if (table_.same_socket(one.socket) != nullptr &&
        met.emplace(one.task.id, one.slot.files, one.slot.fd).second) {
      slots.processes.insert(one.task.id);
      slots.slots.push_back(one.slot);
    }
  }
  if (slots.slots.size() <= KernelPicture::kMostSlots) {
    slots_.emplace(port, std::move(slots));
  }
}

// Looks at every process and tells the table what it did not know.
Result<LiveBackend::Groups> LiveBackend::every_holder(Port port) {
  ++full_passes_;
  auto found = picture_->all_holders(port);
  if (!found) {
    return found.error();
  }
  Groups groups = group_by_socket(*found);
  adopt_unknown(groups);
  remember(groups);
  return groups;
}

// What no event told of: UDP that took its port by sending.
void LiveBackend::adopt_unknown(const Groups& groups) {
  for (const SocketHolders& holders : groups) {
    if (holders.facts.id != 0 && table_.same_socket(holders.facts) == nullptr) {
      publish_all(table_.adopt({holders.facts, {}, {}}, clock_.boot_now()));
    }
  }
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
