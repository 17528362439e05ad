// notes.cpp - what blocks nothing here, but explains.
#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "userspace/conflict/conflict.h"
#include "userspace/conflict/reasons.h"
#include "userspace/conflict/remedies.h"
#include "userspace/conflict/words.h"

namespace portwatch {
namespace {

constexpr std::size_t kMaxNamespaces = 3;  // that are named
constexpr std::array kOperations = {Operation::bind, Operation::listen,
                                    Operation::connect};

Reason note(ReasonCode code, std::string text) {
  Reason reason;
  reason.code = code;
  reason.blocks = false;
  reason.text = std::move(text);
  return reason;
}

bool takes_the_port(const Binding& binding) {
  return binding.state == SocketState::listening ||
         binding.state == SocketState::bound;
}

std::string namespace_text(const Binding& binding) {
  const std::string number = std::to_string(binding.netns);
  return binding.netns_name ? *binding.netns_name + " (" + number + ")" : number;
}

std::string published_text(const PublishedPort& published, Port port) {
  std::string text = "port " + std::to_string(port) + " is published";
  const std::string container =
      container_text(published.container, published.container_name);
  text += container.empty() ? " for a container" : " for " + container;
  if (published.port) {
    text += ", where it is " + published.address.value_or("port") +
            (published.address ? ":" : " ") + std::to_string(*published.port);
  }
  return text;
}

bool is_about(const BindRequest& request, Protocol protocol, Port port,
              std::uint32_t netns) {
  return port == request.endpoint.port && netns == request.netns &&
         same_table(protocol, request.endpoint.protocol);
}

std::string failures_text(const std::vector<const Change*>& failures,
                          WallTime now) {
  const BindFailure& last = *failures.back()->failure;
  return counted(failures.size(), "attempt") + " failed here, the last at " +
         clock_text(failures.back()->time, now) + ": " +
         process_text(last.process) + ", " +
         std::string(to_string(last.operation)) + ": " + error_name(last.error);
}

// A life that a refused call ended, not one that had the port.
bool ends_refused(const Loop& loop) {
  return std::any_of(kOperations.begin(), kOperations.end(), [&](Operation one) {
    return loop.cause.starts_with(std::string(to_string(one)) + ": ");
  });
}

// What cannot bind dies of it: the failing is the better word for both.
bool is_told_as_failing(const Change& change, const std::vector<Change>& loops) {
  const auto key = [](const Loop& loop) {
    return std::tie(loop.subject, loop.protocol, loop.port, loop.netns);
  };
  return change.type == ChangeType::crash_loop && ends_refused(*change.loop) &&
         std::any_of(loops.begin(), loops.end(), [&](const Change& other) {
           return other.type == ChangeType::bind_failure_loop && other.loop &&
                  key(*other.loop) == key(*change.loop);
         });
}

std::string loop_text(const Change& change, WallTime now) {
  const Loop& loop = *change.loop;
  const bool fails = change.type == ChangeType::bind_failure_loop;
  return loop.subject.name +
         (fails                ? " fails here again and again: "
          : ends_refused(loop) ? " keeps trying it and ends: "
                               : " keeps taking it and ends: ") +
         counted(loop.count, "time") + " in " +
         counted(static_cast<std::size_t>(loop.window.count()), "second") +
         ", since " + clock_text(loop.first, now) + " (" + loop.cause + ")";
}

}  // namespace

std::vector<Reason> namespace_notes(const BindRequest& request,
                                    std::span<const Binding> bindings) {
  std::map<std::uint32_t, std::vector<Binding>> others;
  Reason found = note(ReasonCode::other_namespace, "");
  for (const Binding& binding : bindings) {
    if (binding.netns != request.netns && takes_the_port(binding) &&
        binding.endpoint.port == request.endpoint.port &&
        same_table(binding.endpoint.protocol, request.endpoint.protocol)) {
      others[binding.netns].push_back(binding);
      found.bindings.push_back(binding);
    }
  }
  std::vector<std::string> parts;
  for (const auto& [netns, there] : others) {
    if (parts.size() == kMaxNamespaces) {
      parts.push_back(std::to_string(others.size() - kMaxNamespaces) + " more");
      break;
    }
    parts.push_back(namespace_text(there[0]) + " by " + who_text(there));
  }
  if (parts.empty()) {
    return {};
  }
  found.text = "port " + std::to_string(request.endpoint.port) +
               " is taken in the network namespace" +
               (others.size() > 1 ? "s " : " ") + joined(parts) +
               ", which does not matter here";
  return {found};
}

std::vector<Reason> published_notes(const BindRequest& request,
                                    std::span<const Binding> bindings) {
  std::vector<Reason> notes;
  for (const Binding& binding : bindings) {
    if (!takes_the_port(binding) ||
        !is_about(request, binding.endpoint.protocol, binding.endpoint.port,
                  binding.netns)) {
      continue;
    }
    for (const Process& owner : owners_of({&binding, 1})) {
      if (!owner.publishes) {
        continue;
      }
      const std::string text =
          published_text(*owner.publishes, binding.endpoint.port);
      const auto same = std::find_if(notes.begin(), notes.end(),
                                     [&](const auto& n) { return n.text == text; });
      Reason& one = same == notes.end()
                        ? notes.emplace_back(note(ReasonCode::published, text))
                        : *same;
      one.bindings.push_back(binding);
    }
  }
  return notes;
}

std::vector<Reason> port_notes(const BindRequest& request, const HostFacts& facts) {
  const Port port = request.endpoint.port;
  if (port == 0) {
    return {};
  }
  if (is_reserved(port, facts)) {
    return {note(ReasonCode::reserved,
                 "port " + std::to_string(port) +
                     " is reserved (net.ipv4.ip_local_reserved_ports): no client "
                     "gets it by chance, who asks for it does")};
  }
  if (!facts.ephemeral.contains(port)) {
    return {};
  }
  Reason found =
      note(ReasonCode::ephemeral_range,
           "port " + std::to_string(port) + " is one of the automatic ports (" +
               std::to_string(facts.ephemeral.first) + "-" +
               std::to_string(facts.ephemeral.last) +
               "): any client may take it before a server does");
  found.remedies = {reserve_port(port, facts)};
  return {found};
}

std::vector<Reason> past_notes(const BindRequest& request, const Context& context) {
  std::vector<Reason> notes;
  std::vector<const Change*> failures;
  for (const Change& change : context.failures) {
    if (change.failure &&
        is_about(request, change.failure->requested.protocol,
                 change.failure->requested.port, change.failure->netns)) {
      failures.push_back(&change);
    }
  }
  if (!failures.empty()) {
    notes.push_back(
        note(ReasonCode::failed_before, failures_text(failures, context.now)));
  }
  for (const Change& change : context.loops) {
    if (change.loop &&
        is_about(request, change.loop->protocol, change.loop->port,
                 change.loop->netns) &&
        !is_told_as_failing(change, context.loops)) {
      notes.push_back(note(ReasonCode::loops, loop_text(change, context.now)));
    }
  }
  return notes;
}

}  // namespace portwatch
