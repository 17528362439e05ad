#include "userspace/detector/keys.h"

#include <algorithm>

namespace portwatch {
namespace {

PortKey make_key(const Endpoint& endpoint, std::uint32_t netns,
                 const std::optional<std::uint64_t>& cookie) {
  PortKey key;
  key.netns_cookie = cookie.value_or(0);
  key.netns = key.netns_cookie == 0 ? netns : 0;
  key.table =
      endpoint.protocol == Protocol::mptcp ? Protocol::tcp : endpoint.protocol;
  key.port = endpoint.port;
  return key;
}

}  // namespace

PortKey port_key(const Binding& binding) {
  return make_key(binding.endpoint, binding.netns, binding.netns_cookie);
}

PortKey port_key(const BindFailure& failure) {
  return make_key(failure.requested, failure.netns, failure.netns_cookie);
}

PortKey port_key(const Loop& loop) {
  Endpoint endpoint;
  endpoint.protocol = loop.protocol;
  endpoint.port = loop.port;
  return make_key(endpoint, loop.netns, loop.netns_cookie);
}

std::optional<SubjectKey> subject_key(const Subject& subject) {
  if (subject.name.empty()) {
    return std::nullopt;
  }
  return SubjectKey{subject.kind, subject.name.substr(0, kSubjectKeyBytes),
                    subject.uid};
}

bool is_told_apart(const Process& process) {
  return subject_of(process).kind != Subject::Kind::program ||
         (process.exe && process.cmdline);
}

SharedProcess owner_of(const Binding& binding) {
  if (binding.creator || !binding.holders || binding.holders->empty()) {
    return binding.creator;
  }
  return *std::min_element(binding.holders->begin(), binding.holders->end(),
                           [](const Process& a, const Process& b) {
                             return a.id.start_ticks < b.id.start_ticks;
                           });
}

bool looks_automatic(const Binding& binding, const AutomaticPorts& automatic) {
  return binding.state != SocketState::listening &&
         automatic.contains(binding.endpoint.port);
}

}  // namespace portwatch
