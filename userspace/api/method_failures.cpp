// method_failures.cpp - io.portwatch.Failures: binds that the kernel refused.
#include "userspace/api/methods.h"
#include "userspace/api/past_parameters.h"

namespace portwatch {

MethodOutcome method_failures(const VarlinkCall& call,
                              const MethodContext& context) {
  Parameters in(call.parameters,
                {"port", "since", "until", "limit", "protocol", "netns", "before"});
  const HistoryQuestion question = read_past(in);
  if (!in.fault().empty()) {
    return {in.fault(), {}};
  }
  return reply_with(context.service.failures(question), context);
}

}  // namespace portwatch
