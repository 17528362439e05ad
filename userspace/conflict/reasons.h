// reasons.h - the parts of an explanation; explain.cpp puts them in order.
//
// Each function gives the reasons of one kind, none where there is nothing to say.
#pragma once

#include <span>
#include <vector>

#include "userspace/conflict/explain.h"
#include "userspace/conflict/host_rules.h"

namespace portwatch {

// --- reasons_host.cpp: what is checked before other sockets are looked at.
std::vector<Reason> address_reasons(const BindRequest& request, AddressFault fault,
                                    const HostFacts& facts);
// Does not block where it is not known whether the right is there.
std::vector<Reason> privilege_reasons(const BindRequest& request,
                                      const HostFacts& facts);

// --- reasons_sockets.cpp: who is in the way. `blocking` and `perhaps` are of
// conflict.h; what is left of connections that came in through a living listener
// is told with the listener.
struct InTheWay {
  const BindRequest& request;
  std::span<const Binding> blocking;
  std::span<const Binding> perhaps;
};
std::vector<Reason> socket_reasons(const InTheWay& sockets, const HostFacts& facts,
                                   WallTime now);
// What kind of holder it is. `ephemeral`: where automatic ports come from.
ReasonCode holder_code(const Binding& binding, const PortInterval& ephemeral);

// --- reasons_automatic.cpp: port 0.
std::vector<Reason> automatic_reasons(const BindRequest& request,
                                      const AutomaticPorts& ports,
                                      const HostFacts& facts, const Answer& host);

// --- notes.cpp: what blocks nothing here, but explains.
std::vector<Reason> namespace_notes(const BindRequest& request,
                                    std::span<const Binding> bindings);
std::vector<Reason> published_notes(const BindRequest& request,
                                    std::span<const Binding> bindings);
std::vector<Reason> port_notes(const BindRequest& request, const HostFacts& facts);
std::vector<Reason> past_notes(const BindRequest& request, const Context& context);

// --- shadow_notes.cpp: who gets which traffic, where several may. The request
// counts as one of them where `succeeds`.
std::vector<Reason> shadow_notes(const BindRequest& request, bool succeeds,
                                 std::span<const Binding> bindings);

}  // namespace portwatch
