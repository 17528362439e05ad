// live_answers.cpp - how LiveBackend answers: the index says where to look, the
// kernel says what is there, the reference counts say when that is all.
#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "userspace/daemon/live_backend.h"
#include "userspace/source/port_range.h"

namespace portwatch {
namespace {

// Beyond this many known holders one pass over the host is the cheaper look.
constexpr std::size_t kMaxSingleLooks = 32;

std::set<ProcessId> processes_of(const SocketHolders& holders) {
  std::set<ProcessId> processes;
  for (const auto& [process, fds] : holders.descriptors) {
    processes.insert(process);
  }
  return processes;
}

bool is_datagram(const std::optional<Protocol>& protocol) {
  return !protocol || *protocol == Protocol::udp || *protocol == Protocol::udplite;
}

// A UDP socket that was never bound takes a port of the kernel's choice by just
// sending, and no hook tells: only a full pass finds it. It can only be a port
// of the automatic range.
bool may_be_taken_silently(const Question& question) {
  return is_datagram(question.protocol) &&
         local_port_range().contains(*question.port);
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

Answer LiveBackend::new_answer() const {
  Answer answer;
  answer.source = Source::ebpf;
  answer.confidence = Confidence::exact;
  for (const Missing& gap : gaps_) {
    answer.miss(gap);
  }
  const std::uint64_t untracked =
      session_->counters().storage_failures + table_.refused();
  if (untracked != 0) {
    answer.miss({"sockets", std::to_string(untracked) +
                                " could not be tracked (out of memory, or the "
                                "table is full)"});
  }
  return answer;
}

Result<Answer> LiveBackend::answer(const Question& question) {
  if (auto current = drain(); !current) {
    return current.error();
  }
  auto answer = question.port ? who(question) : list(question);
  if (!answer) {
    return answer.error();
  }
  std::erase_if(answer->bindings, [&](const Binding& binding) {
    return !admits(question, binding) ||
           (question.pid && !held_by_pid(binding, *question.pid));
  });
  if (question.port) {
    hide_served_connections(answer->bindings);
  }
  doubt_in_flight(*answer);
  describer_.name_netns(answer->bindings);
  sort_bindings(answer->bindings, question.own_netns);
  return answer;
}

Result<Answer> LiveBackend::who(const Question& question) {
  const Port port = *question.port;
  if (auto fresh = refresh_floating(port); !fresh) {
    return fresh.error();
  }
  bool proven = false;
  Result<Groups> groups = Groups();
  if (!may_be_taken_silently(question)) {
    groups = proven_holders(port, proven);
  }
  if (groups && !proven) {
    groups = every_holder(port);
  }
  if (!groups) {
    return groups.error();
  }
  Answer answer = new_answer();
  for (const SocketHolders& holders : *groups) {
    answer.bindings.push_back(describe(holders));
  }
  if (!proven) {
    if (auto done = add_without_descriptor(port, *groups, answer.bindings); !done) {
      return done.error();
    }
  }
  return answer;
}

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
    publish_all(table_.adopt(entry.socket, clock_.boot_now()));
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
      publish_all(table_.adopt(holders.facts, clock_.boot_now()));
    }
    if (const TrackedSocket* socket = table_.same_socket(holders.facts)) {
      table_.set_holders(socket->facts.id, processes_of(holders));
    }
  }
  return groups;
}

// Sockets on the port that no descriptor leads to: the kernel's own, and those
// in a message or a fixed file.
Result<void> LiveBackend::add_without_descriptor(Port port, const Groups& groups,
                                                 std::vector<Binding>& bindings) {
  std::set<std::uint64_t> seen;
  for (const SocketHolders& holders : groups) {
    if (const TrackedSocket* socket = table_.same_socket(holders.facts)) {
      seen.insert(socket->facts.id);
    }
  }
  auto live = picture_->sockets(port);
  if (!live) {
    return live.error();
  }
  for (const SocketEntry& entry : *live) {
    const TrackedSocket* socket = table_.same_socket(entry.socket);
    const std::uint64_t id = socket ? socket->facts.id : entry.socket.id;
    if (entry.socket.endpoint.port == 0 || !seen.insert(id).second) {
      continue;
    }
    SocketHolders none;
    none.facts = entry.socket;
    bindings.push_back(describe(none));
  }
  return {};
}

Binding LiveBackend::describe(const SocketHolders& holders) {
  const TrackedSocket* socket = table_.same_socket(holders.facts);
  SocketFacts facts = holders.facts;
  if (socket != nullptr) {
    facts.id = socket->facts.id;
  }
  Binding binding = describer_.binding(facts);
  if (facts.id == 0) {  // not tracked: named as the fallback backends do
    binding.id = std::to_string(facts.netns) + "-" + std::to_string(facts.inode);
  }
  if (socket != nullptr && socket->since) {
    binding.since = clock_.to_wall(*socket->since);
  }
  if (socket != nullptr && socket->creator != nullptr) {
    binding.creator = *socket->creator;
  }
  binding.holders.emplace();
  for (const auto& [process, fds] : holders.descriptors) {
    binding.holders->push_back(describer_.holder(process, fds));
  }
  binding.held_by = !binding.holders->empty() ? HeldBy::process
                    : facts.kernel            ? HeldBy::kernel
                                              : HeldBy::in_flight;
  return binding;
}

// A full pass found nobody: in flight, unless there are processes that it
// cannot see.
void LiveBackend::doubt_in_flight(Answer& answer) const {
  const char* hidden = !session_->whole_host()
                           ? "processes outside this container are not seen"
                       : picture_->init_is_hidden()
                           ? "this host hides process 1 from kernel iterators"
                           : nullptr;
  for (Binding& binding : answer.bindings) {
    if (hidden != nullptr && binding.held_by == HeldBy::in_flight) {
      binding.held_by.reset();
      binding.holders.reset();
      answer.miss({"holders", std::string(hidden)});
    }
  }
}

Result<Answer> LiveBackend::list(const Question& question) {
  if (auto repairs = take_picture(); !repairs) {
    return repairs.error();
  }
  auto groups = every_holder(0);
  if (!groups) {
    return groups.error();
  }
  Answer answer = new_answer();
  for (const SocketHolders& holders : *groups) {
    const bool served = holders.facts.state == SocketState::connected ||
                        holders.facts.state == SocketState::closing;
    if (question.connected || !served) {
      answer.bindings.push_back(describe(holders));
    }
  }
  if (auto done = add_without_descriptor(0, *groups, answer.bindings); !done) {
    return done.error();
  }
  return answer;
}

}  // namespace portwatch
