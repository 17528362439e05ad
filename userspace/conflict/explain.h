// explain.h - would this bind succeed, what stands in its way, and what would help.
//
// Pure functions: everything that is known comes in. A text names processes as far
// as the bindings describe them, so an answer is cut down to what its asker may
// know before it is explained. Names in texts are not escaped.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "userspace/model/bind_failure.h"
#include "userspace/model/host_facts.h"
#include "userspace/model/verdict.h"

namespace portwatch {

struct Context {
  WallTime now{};  // times are told as its day's
  // The asker's own namespace; 0: the request's. Elsewhere a gap "namespaces" in
  // the answer is a gap of the request.
  std::uint32_t own_netns = 0;
  std::vector<Change> failures;  // recent bind_failed, oldest first; others too
  std::vector<Change> loops;     // active ones; of other ports too
  // All bindings of the host, connected and closing too; read for port 0 only,
  // whose outcome is unknown without.
  std::optional<Answer> host;
};

// `on_port` answers a question for the request's port, with all namespaces and with
// connected and closing sockets, not narrowed by hide_served_connections(). `facts`
// are those of the request's namespace.
Verdict explain(const BindRequest& request, const Answer& on_port,
                const HostFacts& facts, const Context& context);

// One sentence, without a full stop: why the kernel refused. `facts` are those of
// the failure's namespace. Empty: there is nothing to tell beside the errno.
std::optional<std::string> why_sentence(const BindFailure& failure,
                                        const HostFacts& facts, WallTime now);

}  // namespace portwatch
