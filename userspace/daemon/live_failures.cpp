// live_failures.cpp - a bind that failed: who tried, and who was in the way then.
//
// Records are read in order, so what the table believes when it comes to a failure
// is what was there at that instant. Only what no event tells (clients, TIME_WAIT,
// sockets in flight) is looked up, a moment later, and so are the options of those
// that it knows, which have no events. Looks are shared by the failures of one turn
// of the loop: a process that tries a thousand times is blamed on one. All looks
// together have a share of the time: whoever fails on a thousand ports must not
// keep the daemon from its other work. Beyond that, blockers and holders are
// unknown.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "userspace/conflict/conflict.h"
#include "userspace/conflict/explain.h"
#include "userspace/daemon/live_backend.h"
#include "userspace/daemon/netns_facts.h"

namespace portwatch {
namespace {

using std::chrono::milliseconds;

// A look at one port of a busy host takes some 20 ms.
constexpr BootTime kMostTimeForLooks = milliseconds(500);
constexpr int kShareOfLooks = 5;  // one part of so many

BindRequest request_of(const FailureEvent& event) {
  const SocketFacts& facts = event.socket;
  BindRequest request;
  request.endpoint = facts.endpoint;
  if (facts.mptcp) {
    request.endpoint.protocol = Protocol::mptcp;
  }
  request.netns = facts.netns;
  request.reuse_addr = facts.reuse_addr;
  request.reuse_port = facts.reuse_port;
  request.ipv6_only = facts.ipv6_only;
  request.listens = event.operation == Operation::listen;
  request.uid = facts.uid;
  request.interface_index = facts.interface;
  return request;
}

// Those that block for sure; where there are none, those that may.
std::vector<Binding> in_the_way(const FailureEvent& event,
                                const std::vector<Binding>& there,
                                const Binding& socket) {
  if (event.operation == Operation::listen) {
    return listen_blockers(socket, there);
  }
  std::vector<Binding> others = there;
  std::erase_if(others, [&](const Binding& one) { return one.id == socket.id; });
  const BindRequest request = request_of(event);
  auto sure = blockers(request, others);
  return sure.empty() ? perhaps_blockers(request, others) : sure;
}

// A failure is kept, sent and stored by the thousand; whoever provokes it must not
// choose how large it is.
constexpr std::size_t kMostBlockers = 8;
constexpr std::size_t kMostHolders = 4;
constexpr std::size_t kMostShownArguments = 512;  // bytes, as in a record

void shorten(Binding& blocker) {
  if (blocker.creator) {
    blocker.creator.edit(
        [](Process& creator) { cut_arguments(creator, kMostShownArguments); });
  }
  if (!blocker.holders) {
    return;
  }
  if (blocker.holders->size() > kMostHolders) {
    blocker.more_holders = blocker.holders->size() - kMostHolders;
    blocker.holders->resize(kMostHolders);
  }
  for (Process& holder : *blocker.holders) {
    cut_arguments(holder, kMostShownArguments);
  }
}

void shorten(std::vector<Binding>& blockers) {
  std::for_each(blockers.begin(), blockers.end(),
                [](Binding& blocker) { shorten(blocker); });
}

bool is_the_command(const FailureEvent& event) {
  const std::string& exe = event.details.exe;
  return exe.substr(exe.rfind('/') + 1) == "portwatch";
}

}  // namespace

void LiveBackend::on_failure(const FailureEvent& event) {
  // We, and the command, bind to answer whether one can. Who asks again and again
  // whether a port is free is not failing.
  if (event.task.id.pid == own_pid_ || is_the_command(event)) {
    return;
  }
  ++failures_;
  const BindRequest request = request_of(event);
  Change change;
  change.type = ChangeType::bind_failed;
  change.time = clock_.to_wall(event.when);
  BindFailure& failure = change.failure.emplace();
  failure.operation = event.operation;
  failure.error = event.error;
  failure.requested = request.endpoint;
  failure.netns = request.netns;
  if (event.socket.netns_cookie != 0) {
    failure.netns_cookie = event.socket.netns_cookie;
  }
  failure.process = describer_.recorded(event.task, event.details);
  for (const TaskFacts& parent : event.details.parents) {
    failure.parents.push_back(describer_.recorded(parent, {}));
  }
  if (event.error != EADDRINUSE || request.endpoint.port == 0) {
    failure.blockers.emplace();
  } else {
    failure.blockers = blockers_of(event);
  }
  failure.why = why_sentence(failure, facts_for_blame(failure), change.time);
  if (failure.blockers && failure.blockers->size() > kMostBlockers) {
    failure.more_blockers = failure.blockers->size() - kMostBlockers;
    failure.blockers->resize(kMostBlockers);
  }
  if (failure.blockers) {
    shorten(*failure.blockers);  // those that were not looked at
  }
  publish_.change(std::move(change));
}

// Empty: what the table does not know could not be looked up.
std::optional<std::vector<Binding>> LiveBackend::blockers_of(
    const FailureEvent& event) {
  const Port port = event.socket.endpoint.port;
  const Binding socket = describer_.binding(event.socket);
  std::vector<Binding> believed;
  for (const TrackedSocket& other : table_.find(port)) {
    believed.push_back(binding_of(other));
  }
  auto found = in_the_way(event, believed, socket);
  if (!found.empty()) {
    make_current(port, found);
    // An option that was set since its bind may let the other pass.
    auto current = in_the_way(event, found, socket);
    return current.empty() ? found : current;
  }
  const Answer* live = look_for_blame(port);
  if (live == nullptr) {
    return std::nullopt;
  }
  return in_the_way(event, live->bindings, socket);
}

// Of the namespace of the failure, where they explain it: a taken port needs none.
const HostFacts& LiveBackend::facts_for_blame(const BindFailure& failure) {
  static const HostFacts kUnknown{};
  if (failure.error == EADDRINUSE && failure.requested.port != 0) {
    return kUnknown;
  }
  const auto known = blame_.facts.find(failure.netns);
  if (known != blame_.facts.end() || !may_look()) {
    return known != blame_.facts.end() ? known->second : kUnknown;
  }
  const BootTime begun = clock_.boot_now();
  HostFacts& facts = blame_.facts[failure.netns];
  if (auto read = host_facts_of(failure.netns)) {
    facts = std::move(*read);
  }
  note_look(begun);
  return facts;
}

// Time for a look that is left: it comes back with time, up to a limit.
bool LiveBackend::may_look() {
  const BootTime now = clock_.boot_now();
  looking_.left = std::min(
      kMostTimeForLooks, looking_.left + (now - looking_.counted) / kShareOfLooks);
  looking_.counted = now;
  return looking_.left > BootTime{0};
}

void LiveBackend::note_look(BootTime begun) {
  looking_.left -= clock_.boot_now() - begun;
}

// Those on the port that a process holds, as they are now; empty: there was no
// time.
const std::vector<Binding>& LiveBackend::held_for_blame(Port port) {
  const auto known = blame_.held.find(port);
  if (known != blame_.held.end()) {
    return known->second;
  }
  std::vector<Binding>& held = blame_.held[port];
  if (!may_look()) {
    return held;
  }
  const BootTime begun = clock_.boot_now();
  for (const SocketHolders& one : holders_for_blame(port)) {
    held.push_back(describe(one));
    shorten(held.back());
  }
  note_look(begun);
  return held;
}

// Empty if the kernel cannot be read.
LiveBackend::Groups LiveBackend::holders_for_blame(Port port) {
  auto proof = proven_holders(port, false);
  if (proof && *proof) {
    return std::move(**proof);
  }
  auto all = proof ? settled_holders(port) : Result<Groups>(proof.error());
  return all ? std::move(*all) : Groups();
}

// Makes them what they are now. One that has been closed since stays as it was,
// with unknown holders: its creator is named.
void LiveBackend::make_current(Port port, std::vector<Binding>& bindings) {
  const auto& held = held_for_blame(port);
  for (Binding& binding : bindings) {
    const auto live =
        std::find_if(held.begin(), held.end(),
                     [&](const Binding& one) { return one.id == binding.id; });
    if (live != held.end()) {
      binding = *live;
    }
  }
}

// Everything on the port, as the kernel has it. Null: it could not be looked up.
const Answer* LiveBackend::look_for_blame(Port port) {
  auto known = blame_.looks.find(port);
  if (known == blame_.looks.end()) {
    known = blame_.looks.emplace(port, std::nullopt).first;
    if (may_look()) {
      const BootTime begun = clock_.boot_now();
      if (auto answer = look_at_all_on(port)) {
        known->second = std::move(*answer);
        shorten(known->second->bindings);
      }
      note_look(begun);
    }
  }
  return known->second ? &*known->second : nullptr;
}

// A question may share the looks of others, not this one, nor they it.
Result<Answer> LiveBackend::look_at_all_on(Port port) {
  Question question;
  question.port = port;
  question.served_connections = true;
  looks_.clear();
  auto answer = who(question);
  looks_.clear();
  return answer;
}

void LiveBackend::on_exit(const ProcessEvent& event) {
  ProcessEnd end;
  end.process = event.details ? describer_.recorded(event.task, *event.details)
                              : describer_.last_known(event.task);
  end.when = event.when;
  if (event.wait_status) {
    end.status = exit_status_from_wait(*event.wait_status);
  }
  publish_.end(end);
}

}  // namespace portwatch
