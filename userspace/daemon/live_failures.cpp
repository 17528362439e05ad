// live_failures.cpp - a bind that failed: who tried, and who was in the way then.
//
// Records are read in order, so what the table believes when it comes to a failure
// is what was there at that instant. Only what no event tells (clients, TIME_WAIT,
// sockets in flight) is looked up, a moment later. Looks are shared by the failures
// of one turn of the loop: a process that tries a thousand times is blamed on one.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "userspace/conflict/conflict.h"
#include "userspace/conflict/explain.h"
#include "userspace/daemon/live_backend.h"
#include "userspace/daemon/netns_facts.h"

namespace portwatch {
namespace {

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

}  // namespace

void LiveBackend::on_failure(const FailureEvent& event) {
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
    add_holders(port, found);
    return found;
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
  auto known = blame_.facts.find(failure.netns);
  if (known == blame_.facts.end()) {
    auto facts = host_facts_of(failure.netns);
    known =
        blame_.facts
            .emplace(failure.netns, facts ? std::move(facts).value() : HostFacts())
            .first;
  }
  return known->second;
}

// Who has a descriptor on them now. One that has been closed since keeps unknown
// holders: its creator is named.
void LiveBackend::add_holders(Port port, std::vector<Binding>& bindings) {
  auto known = blame_.holders.find(port);
  if (known == blame_.holders.end()) {
    std::vector<Binding> held;
    bool proven = false;
    auto groups = proven_holders(port, proven);
    if (groups && !proven) {
      groups = settled_holders(port);
    }
    if (groups) {
      for (const SocketHolders& one : *groups) {
        held.push_back(describe(one));
      }
    }
    known = blame_.holders.emplace(port, std::move(held)).first;
  }
  for (Binding& binding : bindings) {
    const auto live =
        std::find_if(known->second.begin(), known->second.end(),
                     [&](const Binding& one) { return one.id == binding.id; });
    if (live != known->second.end()) {
      binding.holders = live->holders;
      binding.held_by = live->held_by;
    }
  }
}

// Everything on the port, as the kernel has it. Null: it could not be looked up.
const Answer* LiveBackend::look_for_blame(Port port) {
  auto known = blame_.looks.find(port);
  if (known == blame_.looks.end()) {
    Question question;
    question.port = port;
    question.served_connections = true;
    // A question may share the looks of others, not this one, nor they it.
    looks_.clear();
    auto answer = who(question);
    looks_.clear();
    known = blame_.looks
                .emplace(port, answer ? std::optional(std::move(answer).value())
                                      : std::nullopt)
                .first;
  }
  return known->second ? &*known->second : nullptr;
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
