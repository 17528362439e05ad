// why_sentence.cpp - one failed call, explained in one sentence.
//
// The sentence is kept and told to everybody: of other processes it says no more
// than name, pid, user and unit.
#include <cerrno>
#include <utility>

#include "userspace/conflict/explain.h"
#include "userspace/conflict/reasons.h"
#include "userspace/conflict/words.h"
#include "userspace/model/alert_text.h"

namespace portwatch {
namespace {

using Sentence = std::optional<std::string>;

BindRequest request_of_failure(const BindFailure& failure) {
  BindRequest request;
  request.endpoint = failure.requested;
  request.netns = failure.netns;
  request.may_bind_low_ports = false;
  return request;
}

void keep_public(Process& process) {
  process.cmdline.reset();
  process.container.reset();
  process.container_name.reset();
  process.publishes.reset();
}

std::vector<Binding> public_part(std::vector<Binding> bindings) {
  for (Binding& binding : bindings) {
    if (binding.creator) {
      binding.creator.edit(keep_public);
    }
    if (binding.holders) {
      for (Process& holder : *binding.holders) {
        keep_public(holder);
      }
    }
  }
  return bindings;
}

std::string no_port_left(const HostFacts& facts) {
  return "no automatic port (" + std::to_string(facts.ephemeral.first) + "-" +
         std::to_string(facts.ephemeral.last) + ") is free";
}

Sentence in_use(const BindFailure& failure, const HostFacts& facts, WallTime now) {
  if (failure.requested.port == 0) {
    return no_port_left(facts);
  }
  if (!failure.blockers) {
    return std::nullopt;
  }
  const std::string place = place_text(failure.requested);
  if (failure.blockers->empty()) {
    return place + " was taken by a socket that was gone when it was looked for";
  }
  const BindRequest request = request_of_failure(failure);
  const auto blocking = public_part(*failure.blockers);
  const auto reasons = socket_reasons({request, blocking, {}}, facts, now);
  std::string text = reasons.front().text;
  if (reasons.size() > 1) {
    text += ", and there is more in the way";
  }
  return failure.operation == Operation::listen
             ? text + "; with SO_REUSEADDR two may bind, but only one may listen"
             : text;
}

Sentence address_or(std::string otherwise, const BindFailure& failure,
                    const HostFacts& facts) {
  const BindRequest request = request_of_failure(failure);
  const AddressFault fault = address_fault(request, facts);
  return error_of(fault) == failure.error
             ? address_reasons(request, fault, facts).front().text
             : std::move(otherwise);
}

Sentence not_available(const BindFailure& failure, const HostFacts& facts) {
  return address_or(address_text(failure.requested) +
                        " was not an address of this host at that moment",
                    failure, facts);
}

Sentence no_access(const BindFailure& failure, const HostFacts& facts) {
  if (!is_privileged(failure.requested.port, facts)) {
    return "refused, but not for the number of the port: by a security module, as "
           "a "
           "rule";
  }
  Process process = failure.process;
  keep_public(process);
  return "ports below " + std::to_string(facts.unprivileged_port_start) +
         " are for programs with CAP_NET_BIND_SERVICE, which " +
         process_text(process) + " has not";
}

// Most of what a connection fails for is not about the local port.
Sentence why_no_connection(const BindFailure& failure, const HostFacts& facts) {
  const bool automatic = failure.requested.port == 0;
  if (automatic && (failure.error == EADDRNOTAVAIL || failure.error == EAGAIN)) {
    return no_port_left(facts) + " for that destination";
  }
  if (failure.error == EADDRNOTAVAIL) {
    return place_text(failure.requested) +
           " has a connection to that destination already";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> why_sentence(const BindFailure& failure,
                                        const HostFacts& facts, WallTime now) {
  if (failure.operation == Operation::connect) {
    return why_no_connection(failure, facts);
  }
  switch (failure.error) {
    case EADDRINUSE:
      return in_use(failure, facts, now);
    case EADDRNOTAVAIL:
      return not_available(failure, facts);
    case EACCES:
      return no_access(failure, facts);
    case EPERM:
      return "a program that is attached to a cgroup of this host refuses it";
    case EINVAL:
      return address_or("the socket has an address already", failure, facts);
    case EAFNOSUPPORT:
      return address_or("the socket is of another address family", failure, facts);
    default:
      return std::nullopt;
  }
}

}  // namespace portwatch
