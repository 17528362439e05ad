#include "userspace/conflict/explain.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "userspace/conflict/conflict.h"
#include "userspace/conflict/host_rules.h"
#include "userspace/conflict/reasons.h"

namespace portwatch {
namespace {

using Reasons = std::vector<Reason>;

void append(Reasons& reasons, Reasons more) {
  std::move(more.begin(), more.end(), std::back_inserter(reasons));
}

// True when sockets of the request's namespace may be missing in the answer.
bool may_miss_sockets(const Answer& answer, const BindRequest& request,
                      const Context& context) {
  const bool foreign = context.own_netns != 0 && context.own_netns != request.netns;
  return std::any_of(
      answer.missing.begin(), answer.missing.end(), [foreign](const Missing& gap) {
        return gap.what == "sockets" || (foreign && gap.what == "namespaces");
      });
}

// Reasons in the kernel's order; of those that do not block it is not known
// whether they do.
Reasons socket_part(const BindRequest& request, const Answer& on_port,
                    const HostFacts& facts, const Context& context) {
  std::vector<Binding> blocking = blockers(request, on_port.bindings);
  std::vector<Binding> perhaps = perhaps_blockers(request, on_port.bindings);
  if (order_decides(request, on_port.bindings)) {
    std::move(blocking.begin(), blocking.end(), std::back_inserter(perhaps));
    blocking.clear();
  }
  return socket_reasons({request, blocking, perhaps}, facts, context.now);
}

Reasons automatic_part(const BindRequest& request, const HostFacts& facts,
                       const Context& context) {
  return context.host
             ? automatic_reasons(
                   request, automatic_ports(request, facts, context.host->bindings),
                   facts, *context.host)
             : Reasons{};
}

Reasons deciding_reasons(const BindRequest& request, const Answer& on_port,
                         const HostFacts& facts, const Context& context) {
  const AddressFault fault = address_fault(request, facts);
  Reasons reasons = address_reasons(request, fault, facts);
  Reasons privilege = privilege_reasons(request, facts);
  if (!comes_before_privilege(fault, request)) {
    std::swap(reasons, privilege);
  }
  append(reasons, std::move(privilege));
  append(reasons, request.endpoint.port == 0
                      ? automatic_part(request, facts, context)
                      : socket_part(request, on_port, facts, context));
  std::stable_partition(reasons.begin(), reasons.end(),
                        [](const Reason& reason) { return reason.blocks; });
  return reasons;
}

Answerable outcome_of(const Reasons& deciding, bool all_seen) {
  if (!deciding.empty() && deciding.front().blocks) {
    return Answerable::blocked;
  }
  return deciding.empty() && all_seen ? Answerable::free : Answerable::unknown;
}

}  // namespace

Verdict explain(const BindRequest& request, const Answer& on_port,
                const HostFacts& facts, const Context& context) {
  const bool automatic = request.endpoint.port == 0;
  const Answer& seen = automatic && context.host ? *context.host : on_port;
  Verdict verdict;
  verdict.request = request;
  verdict.source = seen.source;
  verdict.confidence = seen.confidence;
  verdict.missing = seen.missing;
  verdict.reasons = deciding_reasons(request, on_port, facts, context);
  verdict.outcome =
      outcome_of(verdict.reasons, (!automatic || context.host) &&
                                      !may_miss_sockets(seen, request, context));
  if (verdict.outcome == Answerable::blocked) {
    verdict.error = verdict.reasons.front().error;
  }
  if (!automatic) {
    append(verdict.reasons,
           shadow_notes(request, verdict.outcome == Answerable::free,
                        on_port.bindings));
    append(verdict.reasons, published_notes(request, on_port.bindings));
    append(verdict.reasons, namespace_notes(request, on_port.bindings));
    append(verdict.reasons, port_notes(request, facts));
  }
  append(verdict.reasons, past_notes(request, context));
  return verdict;
}

}  // namespace portwatch
