// shadow_notes.cpp - who gets which traffic where several sockets may.
//
// Source: compute_score() in net/ipv4/inet_hashtables.c and net/ipv4/udp.c: a
// specific address wins over a wildcard, an IPv4 socket over a dual-stack one.
#include <algorithm>

#include "userspace/conflict/address.h"
#include "userspace/conflict/conflict.h"
#include "userspace/conflict/reasons.h"
#include "userspace/conflict/words.h"
#include "userspace/model/alert_text.h"

namespace portwatch {
namespace {

constexpr std::size_t kMaxTakers = 8;  // pairs of them are looked at

// A place that traffic comes to.
struct Taker {
  Endpoint at;
  bool dual = false;  // IPv4 too
  std::string label;
  std::vector<Process> owners;
  std::vector<Binding> bindings;  // none: it is the request
  bool is_request() const { return bindings.empty(); }
};

Taker taker_of(const Binding& binding) {
  Taker taker;
  taker.at = binding.endpoint;
  taker.dual = binding.ipv6_only == false;
  taker.owners = owners_of({&binding, 1});
  taker.label = (taker.owners.empty() ? "somebody" : name_of(taker.owners[0])) +
                " at " + place_text(binding.endpoint);
  taker.bindings = {binding};
  return taker;
}

Taker taker_of(const BindRequest& request) {
  Taker taker;
  taker.at = request.endpoint;
  taker.dual = !request.ipv6_only;
  taker.label = "the new socket";
  return taker;
}

bool takes_traffic_of(const BindRequest& request, const Binding& binding) {
  const bool serves = is_stream(binding.endpoint.protocol)
                          ? binding.state == SocketState::listening
                          : binding.state == SocketState::bound;
  return serves && binding.netns == request.netns &&
         binding.endpoint.port == request.endpoint.port &&
         same_table(binding.endpoint.protocol, request.endpoint.protocol);
}

bool takes_ipv4(const Taker& taker) {
  return is_ipv4_place(taker.at) || (is_wildcard(taker.at) && taker.dual);
}

// Traffic to 127.0.0.1, or to ::1.
bool takes_loopback4(const Taker& taker) {
  return takes_ipv4(taker) && (is_wildcard(taker.at) || is_loopback(taker.at));
}
bool takes_loopback6(const Taker& taker) {
  return !is_ipv4_place(taker.at) &&
         (is_wildcard(taker.at) || is_loopback(taker.at));
}

// True when `wide` would get all that comes to `narrow`, were `narrow` not there.
bool includes(const Taker& wide, const Taker& narrow) {
  if (!is_wildcard(wide.at)) {
    return false;
  }
  if (is_ipv4_place(narrow.at)) {
    return takes_ipv4(wide) && !(is_wildcard(narrow.at) && is_ipv4_place(wide.at));
  }
  return !is_ipv4_place(wide.at) && !is_wildcard(narrow.at);
}

std::string narrow_traffic(const Taker& narrow) {
  return is_wildcard(narrow.at) ? "IPv4 traffic"
                                : "traffic to " + address_text(narrow.at);
}

std::string same_place_text(const Taker& a, const Taker& b, Protocol protocol,
                            bool share) {
  return is_stream(protocol) || share
             ? a.label + " and " + b.label + " share the traffic (SO_REUSEPORT)"
             : "of " + a.label + " and " + b.label +
                   " the one that binds last gets the datagrams (SO_REUSEADDR)";
}

// Empty: neither takes anything from the other.
std::string pair_text(const Taker& a, const Taker& b, const BindRequest& request) {
  if (includes(a, b)) {
    return narrow_traffic(b) + " goes to " + b.label + ", the rest to " + a.label;
  }
  if (includes(b, a)) {
    return narrow_traffic(a) + " goes to " + a.label + ", the rest to " + b.label;
  }
  if (unmapped(a.at).address == unmapped(b.at).address &&
      unmapped(a.at).family == unmapped(b.at).family) {
    return a.is_request() ? same_place_text(a, b, request.endpoint.protocol,
                                            request.reuse_port)
                          : "";
  }
  const bool split = takes_loopback4(a) ? takes_loopback6(b)
                                        : takes_loopback6(a) && takes_loopback4(b);
  if (!split) {
    return "";
  }
  const Taker& four = takes_loopback4(a) ? a : b;
  const Taker& six = &four == &a ? b : a;
  return "who connects to \"localhost\" may reach either: " + six.label +
         " by ::1, which is tried first as a rule, " + four.label + " by 127.0.0.1";
}

bool same_owners(const Taker& a, const Taker& b) {
  return !a.owners.empty() && a.owners == b.owners;
}

std::vector<Taker> takers_among(const BindRequest& request, bool succeeds,
                                std::span<const Binding> bindings) {
  std::vector<Taker> takers;
  if (succeeds && (request.listens || !is_stream(request.endpoint.protocol))) {
    takers.push_back(taker_of(request));
  }
  for (const Binding& binding : bindings) {
    if (!takes_traffic_of(request, binding) || takers.size() == kMaxTakers) {
      continue;
    }
    Taker taker = taker_of(binding);
    const bool known =
        std::any_of(takers.begin(), takers.end(), [&](const Taker& other) {
          return other.at == taker.at && same_owners(other, taker);
        });
    if (!known) {
      takers.push_back(std::move(taker));
    }
  }
  return takers;
}

}  // namespace

std::vector<Reason> shadow_notes(const BindRequest& request, bool succeeds,
                                 std::span<const Binding> bindings) {
  const auto takers = takers_among(request, succeeds, bindings);
  std::vector<Reason> notes;
  for (std::size_t i = 0; i < takers.size(); ++i) {
    for (std::size_t k = i + 1; k < takers.size(); ++k) {
      if (same_owners(takers[i], takers[k])) {
        continue;
      }
      Reason found;
      found.code = ReasonCode::shadowed;
      found.blocks = false;
      found.text = pair_text(takers[i], takers[k], request);
      for (const Taker* taker : {&takers[i], &takers[k]}) {
        found.bindings.insert(found.bindings.end(), taker->bindings.begin(),
                              taker->bindings.end());
      }
      if (!found.text.empty()) {
        notes.push_back(std::move(found));
      }
    }
  }
  return notes;
}

}  // namespace portwatch
