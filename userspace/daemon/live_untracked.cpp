// live_untracked.cpp - what LiveBackend neither tracks nor finds by descriptors,
// from the kernel's tables by sock_diag(7): leftovers of connections, sockets in
// flight that no hook saw, SCTP.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "userspace/daemon/live_backend.h"
#include "userspace/source/netns_scope.h"
#include "userspace/source/ring_files.h"

namespace portwatch {
namespace {

constexpr int kWalks = 3;  // before a socket is said to be in flight

using Place = std::pair<std::uint32_t, std::uint64_t>;  // namespace, sockfs inode

std::set<Place> places_of(const Answer& answer) {
  std::set<Place> places;
  for (const Binding& binding : answer.bindings) {
    places.emplace(binding.netns, binding.inode);
  }
  return places;
}

// An MPTCP socket whose subflow is not tracked and that is not connected: either
// it was bound before our time, and then the kernel's tables have the subflow, or
// its connection is over and the port that it names is not its own any more.
void drop_stale_mptcp(const Answer& tables, Answer& answer) {
  if (!tables.missing.empty()) {
    return;  // not in the tables might mean not seen
  }
  const auto there = places_of(tables);
  std::erase_if(answer.bindings, [&](const Binding& binding) {
    return binding.endpoint.protocol == Protocol::mptcp &&
           binding.state == SocketState::bound && !binding.since &&
           !there.contains({binding.netns, binding.inode});
  });
}

}  // namespace

// TCP connections and what is left of them count only where no TCP socket listens
// or is bound; then they are looked up.
Result<void> LiveBackend::add_lone_connections(const Question& question,
                                               Answer& answer) {
  const bool asks_for_streams = !question.protocol || is_stream(*question.protocol);
  const bool taken = std::any_of(
      answer.bindings.begin(), answer.bindings.end(), [&](const Binding& binding) {
        return takes_stream_port(binding) && admits(question, binding);
      });
  return asks_for_streams && (!taken || question.served_connections)
             ? add_untracked(question, answer)
             : Result<void>();
}

// The kernel's tables; nothing, and a gap in the answer, where they cannot be read.
std::optional<Answer> LiveBackend::read_tables(const Question& question,
                                               Answer& answer) {
  if (sock_diag_ == nullptr) {
    answer.miss({"sockets",
                 "closing ones, and those in flight or of SCTP that no "
                 "hook saw: netlink is refused"});
    return std::nullopt;
  }
  auto seen = sock_diag_->read(question);
  if (!seen) {
    answer.miss({"sockets",
                 "closing ones, and those in flight or of SCTP that no "
                 "hook saw: " +
                     seen.error().context});
    return std::nullopt;
  }
  for (const Missing& gap : seen->missing) {
    answer.miss(gap);
  }
  return std::move(*seen);
}

// What has no element in our map and no descriptor, only a place in the kernel's
// tables: TIME_WAIT and orphans, and sockets in flight that no hook saw (clients,
// UDP that took its port by sending).
Result<void> LiveBackend::add_untracked(const Question& question, Answer& answer) {
  Question without_holders = question;
  without_holders.holders = false;
  without_holders.pid.reset();
  auto tables = read_tables(without_holders, answer);
  if (!tables) {
    return {};
  }
  doubt_namespaces(*tables, without_holders, answer);
  drop_stale_mptcp(*tables, answer);
  // The kernel's tables have these too.
  std::erase_if(answer.bindings, [](const Binding& binding) {
    return binding.inode == 0 && binding.state == SocketState::closing;
  });
  const auto known = places_of(answer);
  std::vector<Binding> strangers;
  for (Binding& binding : tables->bindings) {
    if (binding.inode == 0 && binding.state == SocketState::closing) {
      answer.bindings.push_back(std::move(binding));
    } else if (binding.inode != 0 &&
               !known.contains({binding.netns, binding.inode})) {
      strangers.push_back(std::move(binding));
    }
  }
  return strangers.empty()
             ? Result<void>()
             : add_strangers(std::move(strangers), without_holders, answer);
}

// We know sockets of every namespace, but read the tables of those only that a
// process is in or that have a name.
void LiveBackend::doubt_namespaces(const Answer& tables, const Question& question,
                                   Answer& answer) const {
  std::set<std::uint32_t> unread;
  for (const Binding& binding : answer.bindings) {
    unread.insert(binding.netns);
  }
  for (const Binding& binding : tables.bindings) {
    unread.erase(binding.netns);
  }
  if (unread.empty()) {
    return;
  }
  if (const auto view = find_namespaces(question.netns.value_or(0))) {
    for (const Namespace& one : view->namespaces) {
      unread.erase(one.inode);
    }
  }
  if (!unread.empty()) {
    answer.miss({"namespaces",
                 "closing sockets, and those that no hook saw, of a network "
                 "namespace that no process is in and that has no name"});
  }
}

// Sockets that the first walk did not meet: made since, gone by now, in the middle
// of close(2), or in flight. Walks and readings in turn tell them apart.
Result<void> LiveBackend::add_strangers(std::vector<Binding> strangers,
                                        const Question& question, Answer& answer) {
  for (int walk = 0; walk < kWalks && !strangers.empty(); ++walk) {
    auto groups = every_holder(question.port.value_or(0));
    if (!groups) {
      return groups.error();
    }
    add_met(*groups, strangers, answer);
    const auto tables = read_tables(question, answer);
    const auto there = tables ? places_of(*tables) : std::set<Place>();
    std::erase_if(strangers, [&](const Binding& one) {
      return !there.contains({one.netns, one.inode});
    });
  }
  add_in_flight(std::move(strangers), answer);
  return {};
}

// Moves those that the walk has met from the strangers into the answer.
void LiveBackend::add_met(const Groups& groups, std::vector<Binding>& strangers,
                          Answer& answer) {
  std::map<Place, const SocketHolders*> met;
  for (const SocketHolders& one : groups) {
    met.emplace(Place{one.facts.netns, one.facts.inode}, &one);
  }
  std::erase_if(strangers, [&](const Binding& stranger) {
    const auto found = met.find({stranger.netns, stranger.inode});
    if (found != met.end() && !has_stale_port(*found->second)) {
      answer.bindings.push_back(describe(*found->second));
    }
    return found != met.end();
  });
}

// No descriptor leads to these: they live in an io_uring or in a message.
void LiveBackend::add_in_flight(std::vector<Binding> sockets, Answer& answer) {
  std::set<std::uint64_t> inodes;
  for (const Binding& socket : sockets) {
    inodes.insert(socket.inode);
  }
  const auto files =
      inodes.empty() ? std::vector<RingFile>() : find_ring_files(inodes);
  for (Binding& socket : sockets) {
    std::set<ProcessId> owners;
    for (const RingFile& file : files) {
      if (file.inode == socket.inode) {
        owners.insert(file.owner);
      }
    }
    socket.holders.emplace();
    add_ring_owners(owners, socket);
    socket.held_by = socket.holders->empty() ? HeldBy::in_flight : HeldBy::process;
    answer.bindings.push_back(std::move(socket));
  }
}

// No hook of ours sees SCTP: where the kernel has it, it is looked up.
void LiveBackend::add_sctp(const Question& question, Answer& answer) {
  const bool admitted = !question.protocol || *question.protocol == Protocol::sctp;
  if (!admitted || faccessat(proc_net_.get(), "sctp", F_OK, 0) != 0) {
    return;
  }
  Question sctp = question;
  sctp.protocol = Protocol::sctp;
  auto tables = read_tables(sctp, answer);
  if (tables) {
    std::move(tables->bindings.begin(), tables->bindings.end(),
              std::back_inserter(answer.bindings));
  }
}

}  // namespace portwatch
