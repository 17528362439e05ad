// method_loops.cpp - io.portwatch.Loops: what fails again and again, or did.
#include "userspace/api/methods.h"
#include "userspace/api/past_parameters.h"

namespace portwatch {

MethodOutcome method_loops(const VarlinkCall& call, const MethodContext& context) {
  Parameters in(call.parameters,
                {"port", "since", "until", "limit", "protocol", "netns", "before"});
  const HistoryQuestion question = read_past(in);
  if (!in.fault().empty()) {
    return {in.fault(), {}};
  }
  return reply_with(context.service.loops(question), context);
}

}  // namespace portwatch
