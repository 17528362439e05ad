// conflict.h - the kernel's rules for two sockets on one port.
//
// Source: inet_csk_bind_conflict() and udp_lib_lport_inuse(), checked against the
// running kernel in tests/bpf/bind_rules_test.cpp. Pure functions over what the
// sockets are now: the kernel too looks at the present options, not at those of
// the time of the bind. One exception, which no reader of a socket can see: a TCP
// socket that bound with SO_REUSEPORT and cleared it goes on admitting those of its
// user (tb->fastreuseport); here it blocks them.
// TCP sockets of one VRF are taken to be all of the namespace's.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "userspace/model/binding.h"
#include "userspace/model/verdict.h"

namespace portwatch {

// TCP with MPTCP, UDP, UDP-Lite and SCTP have a table of ports each.
bool same_table(Protocol a, Protocol b);

// A note of the kernel only: it has no user and no file any more. In TIME_WAIT, or
// an orphan in FIN_WAIT2.
bool is_remembered(const Binding& binding);

// True when `binding` makes bind(2) fail with EADDRINUSE. Empty: it hangs on a
// fact about `binding` that is not known (options of a socket in TIME_WAIT). An
// unknown uid of the request is another user's. Port 0 conflicts with nothing.
std::optional<bool> conflicts(const BindRequest& request, const Binding& binding);

// Those that block for sure, in their order, whatever their state.
std::vector<Binding> blockers(const BindRequest& request,
                              std::span<const Binding> bindings);
// Those of which it is not known.
std::vector<Binding> perhaps_blockers(const BindRequest& request,
                                      std::span<const Binding> bindings);

// True when the kernel's own order decides: UDP stops at the first socket that
// shares by SO_REUSEPORT, and never meets one that blocks behind it.
bool order_decides(const BindRequest& request, std::span<const Binding> bindings);

// The request that would give what `socket` has, with its options.
BindRequest request_of(const Binding& socket);
// What makes listen(2) on `socket`, which is bound, fail with EADDRINUSE: the rule
// is checked again, for two binds with SO_REUSEADDR succeed and two listens do not.
// Every other socket with its `id` is taken for itself.
std::vector<Binding> listen_blockers(const Binding& socket,
                                     std::span<const Binding> bindings);

}  // namespace portwatch
