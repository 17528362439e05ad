// verdict.h - would a bind succeed, what stands in its way, what would help.
//
// Computed by userspace/conflict/ from facts; carried by Why, `why` and `check`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/model/answer.h"
#include "userspace/model/change.h"

namespace portwatch {

// What somebody wants to bind, as the kernel's rules look at it.
struct BindRequest {
  Endpoint endpoint;  // port 0: an automatic one
  std::uint32_t netns = 0;
  bool reuse_addr = false;
  bool reuse_port = false;
  bool ipv6_only = false;
  bool listens = true;  // listen(2) follows; means nothing for datagrams
  // Of the socket (its creator's fsuid): SO_REUSEPORT is shared within one user.
  // Empty: not known, then it is taken for another one.
  std::optional<uid_t> uid;
  std::uint32_t interface_index = 0;  // SO_BINDTODEVICE; 0: any
  // CAP_NET_BIND_SERVICE over the namespace. Empty: not known.
  std::optional<bool> may_bind_low_ports;
  bool free_bind = false;  // IP_FREEBIND, IP_TRANSPARENT: foreign addresses too
};

enum class Answerable : std::uint8_t { free, blocked, unknown };

enum class ReasonCode : std::uint8_t {
  listener,     // somebody listens there
  bound,        // bound, does not listen: invisible for ss -tln
  client_port,  // the local end of an outgoing connection
  connection,   // of one that a listener accepted that is gone, or of either kind
  time_wait,    // closed connections that the kernel still remembers
  orphan,       // closing, no process: FIN_WAIT, LAST_ACK
  in_flight,    // a descriptor that nobody has received yet
  kernel,       // VXLAN, NFS...
  low_port,     // CAP_NET_BIND_SERVICE is missing
  not_local,    // no such address here
  tentative,    // the IPv6 address is still being checked (DAD)
  exhausted,    // no free automatic port
  denied,       // another program of the host refuses it (EPERM)
  unsupported,  // the kernel makes no sockets of this protocol
  // Notes: they block nothing here, but explain.
  other_namespace,  // taken in another network namespace
  published,        // a container's published port
  reserved,         // net.ipv4.ip_local_reserved_ports
  ephemeral_range,  // automatic ports come from here: a client may take it
  shadowed,         // a more specific listener takes the traffic, or loses it
  failed_before,    // recent failed binds
  loops,            // a loop is active on this port
};

// What to do about it. The smallest one comes first.
struct Remedy {
  std::string text;                    // a sentence without a full stop
  std::optional<std::string> command;  // to be typed, where there is one

  friend bool operator==(const Remedy&, const Remedy&) = default;
};

struct Reason {
  ReasonCode code = ReasonCode::listener;
  bool blocks = true;  // false: a note
  int error = 0;       // errno that bind(2) gives; 0 for a note
  // Evidence: one sentence for people, without a full stop.
  std::string text;
  std::vector<Binding> bindings;  // whose it is; empty where no socket is
  std::vector<Remedy> remedies;

  friend bool operator==(const Reason&, const Reason&) = default;
};

struct Verdict {
  Answerable outcome = Answerable::unknown;
  int error = 0;  // errno, when blocked
  BindRequest request;
  std::vector<Reason> reasons;  // those that block first
  // How good it is, as for an Answer.
  Source source = Source::ebpf;
  Confidence confidence = Confidence::exact;
  std::vector<Missing> missing;
};

std::string_view to_string(Answerable outcome);
std::string_view to_string(ReasonCode code);  // "timeWait"
std::optional<Answerable> answerable_from(std::string_view name);
std::optional<ReasonCode> reason_code_from(std::string_view name);

}  // namespace portwatch
