// live_untracked.cpp - what LiveBackend neither tracks nor finds by descriptors,
// from the kernel's tables by sock_diag(7): leftovers of connections, sockets in
// flight that no hook saw, SCTP.
#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>

#include "userspace/daemon/live_backend.h"

namespace portwatch {
namespace {

// An MPTCP socket whose subflow is not tracked and that is not connected: either
// it was bound before our time, and then the kernel's tables have the subflow, or
// its connection is over and the port that it names is not its own any more.
void drop_stale_mptcp(const Answer& tables, Answer& answer) {
  if (!tables.missing.empty()) {
    return;  // not in the tables might mean not seen
  }
  std::set<std::pair<std::uint32_t, std::uint64_t>> there;
  for (const Binding& binding : tables.bindings) {
    there.emplace(binding.netns, binding.inode);
  }
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
  return asks_for_streams && !taken ? add_untracked(question, answer)
                                    : Result<void>();
}

// What has no element in our map and no descriptor, only a place in the kernel's
// tables: TIME_WAIT and orphans, and sockets in flight that no hook saw (clients,
// UDP that took its port by sending).
Result<void> LiveBackend::add_untracked(const Question& question, Answer& answer) {
  if (sock_diag_ == nullptr) {
    answer.miss({"sockets", "closing ones (TIME_WAIT): netlink is refused"});
    return {};
  }
  Question tables = question;
  tables.holders = false;
  tables.pid.reset();
  auto seen = sock_diag_->read(tables);
  if (!seen) {
    return seen.error();
  }
  drop_stale_mptcp(*seen, answer);
  // The kernel's tables have these too.
  std::erase_if(answer.bindings, [](const Binding& binding) {
    return binding.inode == 0 && binding.state == SocketState::closing;
  });
  for (Missing& gap : seen->missing) {
    answer.miss(std::move(gap));
  }
  std::set<std::pair<std::uint32_t, std::uint64_t>> known;
  for (const Binding& binding : answer.bindings) {
    known.emplace(binding.netns, binding.inode);
  }
  std::vector<Binding> strangers;
  for (Binding& binding : seen->bindings) {
    const std::uint64_t inode = binding.inode;
    if (inode == 0 && binding.state == SocketState::closing) {
      answer.bindings.push_back(std::move(binding));
    } else if (inode != 0 && !known.contains({binding.netns, inode})) {
      strangers.push_back(std::move(binding));
    }
  }
  return strangers.empty() ? Result<void>()
                           : add_strangers(std::move(strangers), question, answer);
}

// Sockets that the first walk did not meet: made since, or in flight.
Result<void> LiveBackend::add_strangers(std::vector<Binding> strangers,
                                        const Question& question, Answer& answer) {
  auto groups = every_holder(question.port.value_or(0));
  if (!groups) {
    return groups.error();
  }
  for (Binding& stranger : strangers) {
    const auto met =
        std::find_if(groups->begin(), groups->end(), [&](const auto& one) {
          return one.facts.netns == stranger.netns &&
                 one.facts.inode == stranger.inode;
        });
    if (met == groups->end()) {
      stranger.held_by = HeldBy::in_flight;
      stranger.holders.emplace();
      answer.bindings.push_back(std::move(stranger));
    } else if (!has_stale_port(*met)) {
      answer.bindings.push_back(describe(*met));
    }
  }
  return {};
}

// No hook of ours sees SCTP: where the kernel has it, it is looked up.
Result<void> LiveBackend::add_sctp(const Question& question, Answer& answer) {
  const bool admitted = !question.protocol || *question.protocol == Protocol::sctp;
  if (!admitted || access("/proc/net/sctp", F_OK) != 0) {
    return {};
  }
  if (sock_diag_ == nullptr) {
    answer.miss({"sockets", "those of SCTP: netlink is refused"});
    return {};
  }
  Question sctp = question;
  sctp.protocol = Protocol::sctp;
  auto seen = sock_diag_->read(sctp);
  if (!seen) {
    return seen.error();
  }
  for (Binding& binding : seen->bindings) {
    answer.bindings.push_back(std::move(binding));
  }
  for (Missing& gap : seen->missing) {
    answer.miss(std::move(gap));
  }
  return {};
}

}  // namespace portwatch
