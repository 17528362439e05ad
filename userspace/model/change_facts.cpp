#include "userspace/model/change_facts.h"

namespace portwatch {
namespace {

const std::vector<Binding>* address_of(
    const std::optional<std::vector<Binding>>& bindings) {
  return bindings ? &*bindings : nullptr;
}

const Process* holder_of(const Binding& binding) {
  if (binding.creator) {
    return binding.creator.get();
  }
  return binding.holders && !binding.holders->empty() ? &binding.holders->front()
                                                      : nullptr;
}

}  // namespace

const Process* process_of(const Change& change) {
  if (change.failure) {
    return &change.failure->process;
  }
  if (change.process) {
    return change.process.get();
  }
  if (change.loop) {
    return change.loop->last_process.get();
  }
  return change.binding ? holder_of(*change.binding) : nullptr;
}

std::vector<const Process*> processes_of(const Change& change) {
  std::vector<const Process*> all;
  if (const Process* const first = process_of(change)) {
    all.push_back(first);
  }
  if (change.binding && change.binding->creator) {
    all.push_back(change.binding->creator.get());
  }
  if (change.binding && change.binding->holders) {
    for (const Process& holder : *change.binding->holders) {
      all.push_back(&holder);
    }
  }
  return all;
}

std::optional<Subject> subject_of(const Change& change) {
  if (change.loop) {
    return change.loop->subject;
  }
  const Process* const process = process_of(change);
  return process != nullptr ? std::optional(subject_of(*process)) : std::nullopt;
}

std::optional<Protocol> protocol_of(const Change& change) {
  if (change.loop) {
    return change.loop->protocol;
  }
  const auto endpoint = endpoint_of(change);
  return endpoint ? std::optional(endpoint->protocol) : std::nullopt;
}

std::optional<Endpoint> endpoint_of(const Change& change) {
  if (change.failure) {
    return change.failure->requested;
  }
  return change.binding ? std::optional(change.binding->endpoint) : std::nullopt;
}

std::uint32_t netns_of(const Change& change) {
  if (change.failure) {
    return change.failure->netns;
  }
  if (change.loop) {
    return change.loop->netns;
  }
  return change.binding ? change.binding->netns : 0;
}

const std::vector<Binding>* blockers_of(const Change& change) {
  if (change.failure) {
    return address_of(change.failure->blockers);
  }
  return change.loop ? address_of(change.loop->blockers) : nullptr;
}

}  // namespace portwatch
