// peer_view_verdict.cpp - reasons, as the asker may see them.
#include <algorithm>

#include "userspace/api/peer_view.h"

namespace portwatch {
namespace {

// What kind of thing it is, without saying whose. Empty: the reason is about the
// host and the caller, never about another process.
std::string_view neutral_text(ReasonCode code) {
  switch (code) {
    case ReasonCode::listener:
      return "somebody listens there";
    case ReasonCode::bound:
      return "somebody has bound it, without listening";
    case ReasonCode::client_port:
    case ReasonCode::connection:
      return "it is the local end of somebody's connection";
    case ReasonCode::time_wait:
      return "the kernel remembers closed connections there";
    case ReasonCode::orphan:
      return "connections without a process are closing there";
    case ReasonCode::in_flight:
      return "a socket in a message that nobody has received yet has it";
    case ReasonCode::kernel:
      return "a socket of the kernel's own has it";
    case ReasonCode::exhausted:
      return "no automatic port is free";
    case ReasonCode::other_namespace:
      return "it is taken in another network namespace";
    case ReasonCode::published:
      return "it is the published port of a container";
    case ReasonCode::shadowed:
      return "another listener takes a part of the traffic";
    case ReasonCode::failed_before:
      return "binds have failed there before";
    case ReasonCode::loops:
      return "something fails there again and again";
    case ReasonCode::low_port:
    case ReasonCode::not_local:
    case ReasonCode::tentative:
    case ReasonCode::denied:
    case ReasonCode::unsupported:
    case ReasonCode::reserved:
    case ReasonCode::ephemeral_range:
      break;
  }
  return "";
}

// Without a binding there is nothing to prove it by.
bool is_about_own(const Reason& reason, const Viewer& viewer) {
  return !reason.bindings.empty() &&
         std::all_of(
             reason.bindings.begin(), reason.bindings.end(),
             [&](const Binding& binding) { return owns_all(viewer, binding); });
}

void redact_reason(Reason& reason, const Viewer& viewer) {
  for (Binding& binding : reason.bindings) {
    redact(binding, viewer);
  }
  const std::string_view neutral = neutral_text(reason.code);
  if (viewer.proc_hidden && !neutral.empty() && !is_about_own(reason, viewer)) {
    reason.text = neutral;
    reason.remedies.clear();
  }
}

}  // namespace

void redact(Verdict& verdict, const Viewer& viewer) {
  if (viewer.sees_all()) {
    return;
  }
  for (Reason& reason : verdict.reasons) {
    redact_reason(reason, viewer);
  }
}

}  // namespace portwatch
