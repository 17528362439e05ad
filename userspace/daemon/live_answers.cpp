// live_answers.cpp - how LiveBackend answers: the index says where to look, the
// kernel says what is there, the reference counts say when that is all.
#include <algorithm>
#include <set>
#include <utility>

#include "userspace/daemon/live_backend.h"
#include "userspace/source/port_range.h"

namespace portwatch {
namespace {

// Everything that is in the ring counts for an answer; what comes while it is
// taken in need not, so a storm cannot hold the answer back for ever.
constexpr std::size_t kRecordsPerAnswer = 262'144;

}  // namespace

// Two kinds of sockets take a port of the automatic range without a trace in
// the table: UDP that was never bound and just sends (no hook tells), and TCP
// clients (not tracked). Only a full pass finds them.
bool LiveBackend::may_be_taken_silently(Port port) {
  return local_port_range(port_range_).contains(port);
}

Answer LiveBackend::new_answer() const {
  Answer answer;
  answer.source = Source::ebpf;
  answer.confidence = Confidence::exact;
  for (const Missing& gap : gaps_) {
    answer.miss(gap);
  }
  const std::uint64_t untracked = session_->counters().storage_failures -
                                  settled_failures_ + untracked_ + table_.refused();
  if (untracked != 0) {
    answer.miss({"sockets", std::to_string(untracked) +
                                " could not be tracked (out of memory, or the "
                                "table is full)"});
  }
  return answer;
}

Result<Answer> LiveBackend::answer(const Question& question) {
  if (auto current = take_in(kRecordsPerAnswer); !current) {
    return current.error();
  }
  if (auto settled = settle_losses(true); !settled) {
    return settled.error();
  }
  described_.clear();
  auto answer = question.port ? who(question) : list(question);
  if (!answer) {
    return answer.error();
  }
  add_sctp(question, *answer);
  std::erase_if(answer->bindings, [&](const Binding& binding) {
    return !admits(question, binding) ||
           (question.pid && !held_by_pid(binding, *question.pid));
  });
  if (question.port && !question.served_connections) {
    hide_served_connections(answer->bindings);
  }
  doubt_in_flight(*answer);
  describer_.name_netns(answer->bindings);
  sort_bindings(answer->bindings, question.own_netns);
  return answer;
}

Result<Answer> LiveBackend::who(const Question& question) {
  const Port port = *question.port;
  Answer answer = new_answer();
  if (!may_be_taken_silently(port)) {
    auto proof = proven_holders(port, question.served_connections);
    if (!proof) {
      return proof.error();
    }
    if (*proof) {
      for (const SocketHolders& holders : **proof) {
        answer.bindings.push_back(describe(holders));
      }
      if (auto done = add_lone_connections(question, answer); !done) {
        return done.error();
      }
      return answer;
    }
  }
  if (auto done = add_look(question, answer); !done) {
    return done.error();
  }
  if (auto done = add_untracked(question, answer); !done) {
    return done.error();
  }
  return answer;
}

Result<Answer> LiveBackend::list(const Question& question) {
  Answer answer = new_answer();
  if (auto done = add_look(question, answer); !done) {
    return done.error();
  }
  if (auto done = add_untracked(question, answer); !done) {
    return done.error();
  }
  return answer;
}

// Holders without a descriptor on the socket itself.
void LiveBackend::add_ring_owners(const std::set<ProcessId>& owners,
                                  Binding& binding) {
  for (const ProcessId& owner : owners) {
    if (auto process = describer_.process(owner)) {
      process->fds.emplace();
      binding.holders->push_back(std::move(*process));
    }
  }
}

Binding LiveBackend::describe(const SocketHolders& holders) {
  const TrackedSocket* socket = table_.same_socket(holders.facts);
  SocketFacts facts = holders.facts;
  if (socket != nullptr && facts.id == 0 && takes_a_port(facts)) {
    facts.endpoint = socket->facts.endpoint;  // the subflow's is the truth
  }
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
  if (socket != nullptr) {
    binding.creator = socket->creator;
  }
  binding.holders.emplace();
  for (const auto& [process, holder] : holders.holders) {
    auto known = described_.find(process);
    if (known == described_.end()) {
      known = described_.emplace(process, describer_.holder(holder.task)).first;
    }
    binding.holders->push_back(known->second);
    binding.holders->back().fds = holder.fds;
  }
  std::set<ProcessId> owners = holders.ring_owners;
  std::erase_if(
      owners, [&](const ProcessId& one) { return holders.holders.contains(one); });
  add_ring_owners(owners, binding);
  // Without a struct socket it is an orphan that finishes its last exchange.
  const bool orphan = facts.inode == 0 && (facts.state == SocketState::connected ||
                                           facts.state == SocketState::closing);
  binding.held_by = !binding.holders->empty() ? HeldBy::process
                    : orphan                  ? HeldBy::nobody
                    : facts.kernel            ? HeldBy::kernel
                                              : HeldBy::in_flight;
  return binding;
}

// Why a full pass may not meet every process; null when it does.
const char* LiveBackend::hidden_holders() const {
  return !session_->whole_host() ? "processes outside this container are not seen"
         : picture_->init_is_hidden()
             ? "this host hides process 1 from kernel iterators"
             : nullptr;
}

// A full pass found nobody: in flight, unless there are processes that it
// cannot see.
void LiveBackend::doubt_in_flight(Answer& answer) const {
  const auto in_flight = [](const Binding& binding) {
    return binding.held_by == HeldBy::in_flight;
  };
  if (std::none_of(answer.bindings.begin(), answer.bindings.end(), in_flight)) {
    return;
  }
  const char* hidden = hidden_holders();
  if (hidden == nullptr) {
    return;
  }
  for (Binding& binding : answer.bindings) {
    if (in_flight(binding)) {
      binding.held_by.reset();
      binding.holders.reset();
    }
  }
  answer.miss({"holders", hidden});
}

}  // namespace portwatch
