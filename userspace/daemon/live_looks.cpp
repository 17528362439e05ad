// live_looks.cpp - how LiveBackend looks: at the processes that are believed to
// hold a port, or at everybody, and when that is all.
#include <algorithm>
#include <set>
#include <utility>

#include "userspace/daemon/live_backend.h"

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

bool is_accounted_for(const TrackedSocket& socket,
                      const std::vector<SocketHolders>& groups) {
  return std::any_of(groups.begin(), groups.end(), [&](const SocketHolders& one) {
    const bool same = one.facts.id == socket.facts.id ||
                      (socket.facts.mptcp && one.facts.inode == socket.facts.inode);
    return same && one.proven();
  });
}

}  // namespace

// Sockets whose port moves without an event are read again before the index is
// believed.
Result<void> LiveBackend::refresh_floating(Port port) {
  if (!table_.has_floating()) {
    return {};
  }
  auto live = picture_->sockets(port);
  if (!live) {
    return live.error();
  }
  for (const SocketEntry& entry : *live) {
    publish_all(table_.adopt(entry, clock_.boot_now()));
  }
  return {};
}

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
  return groups;
}

// Looks at every process, tells the table what it did not know, and remembers
// the holders for the next question.
Result<LiveBackend::Groups> LiveBackend::every_holder(Port port) {
  auto found = picture_->all_holders(port);
  if (!found) {
    return found.error();
  }
  Groups groups = group_by_socket(*found);
  for (const SocketHolders& holders : groups) {
    if (holders.facts.id != 0 && table_.same_socket(holders.facts) == nullptr) {
      publish_all(table_.adopt({holders.facts, {}, {}}, clock_.boot_now()));
    }
    if (const TrackedSocket* socket = table_.same_socket(holders.facts)) {
      table_.set_holders(socket->facts.id, processes_of(holders));
    }
  }
  return groups;
}

// The walk over all processes is not atomic: a descriptor that moves from one
// not yet visited to one that was is missed, and then the references do not add
// up. So it is repeated once; what still does not add up is said.
Result<LiveBackend::Groups> LiveBackend::settled_holders(Port port,
                                                         bool& unexplained) {
  const auto adds_up = [](const Groups& groups) {
    return std::all_of(groups.begin(), groups.end(), [](const SocketHolders& one) {
      return one.facts.state == SocketState::connected ||
             one.facts.state == SocketState::closing || one.proven();
    });
  };
  auto groups = every_holder(port);
  if (groups && !adds_up(*groups)) {
    groups = every_holder(port);
  }
  unexplained = groups && !adds_up(*groups);
  return groups;
}

bool LiveBackend::is_without_holder(const SocketEntry& entry,
                                    const Groups& groups) const {
  const TrackedSocket* socket = table_.same_socket(entry.socket);
  return std::none_of(groups.begin(), groups.end(), [&](const SocketHolders& one) {
    return one.facts.id == entry.socket.id ||
           (socket != nullptr && table_.same_socket(one.facts) == socket);
  });
}

// The sockets that the question admits, from the kernel: those with
// descriptors, and those that were there before and after the walk and that no
// descriptor led to (the kernel's own, and those in flight).
Result<void> LiveBackend::look_at_everybody(const Question& question,
                                            Answer& answer) {
  const Port port = question.port.value_or(0);
  const auto before = picture_->sockets(port);
  if (!before) {
    return before.error();
  }
  bool unexplained = false;
  const auto groups = settled_holders(port, unexplained);
  if (!groups) {
    return groups.error();
  }
  const auto after = picture_->sockets(port);
  if (!after) {
    return after.error();
  }
  for (const SocketHolders& holders : *groups) {
    answer.bindings.push_back(describe(holders));
  }
  std::set<std::uint64_t> old;
  for (const SocketEntry& entry : *before) {
    old.insert(entry.socket.id);
  }
  for (const SocketEntry& entry : *after) {
    if (entry.socket.endpoint.port != 0 && old.contains(entry.socket.id) &&
        is_without_holder(entry, *groups)) {
      publish_all(table_.adopt(entry, clock_.boot_now()));
      SocketHolders none;
      none.facts = entry.socket;
      answer.bindings.push_back(describe(none));
    }
  }
  std::erase_if(answer.bindings,
                [&](const Binding& binding) { return !admits(question, binding); });
  if (unexplained) {
    answer.miss({"holders",
                 "a descriptor is in a message, in io_uring or in a system call of "
                 "a process that was not found"});
  }
  return {};
}

// TIME_WAIT and orphans have no process and no element in our map, only a place
// in the kernel's tables.
Result<void> LiveBackend::add_closing(const Question& question, Answer& answer) {
  if (closing_ == nullptr) {
    answer.miss({"sockets", "closing ones (TIME_WAIT): netlink is refused"});
    return {};
  }
  Question tables = question;
  tables.holders = false;
  tables.connected = true;
  tables.pid.reset();
  auto seen = closing_->read(tables);
  if (!seen) {
    return seen.error();
  }
  for (Binding& binding : seen->bindings) {
    if (binding.state == SocketState::closing && binding.inode == 0) {
      answer.bindings.push_back(std::move(binding));
    }
  }
  for (Missing& gap : seen->missing) {
    answer.miss(std::move(gap));
  }
  return {};
}

}  // namespace portwatch
