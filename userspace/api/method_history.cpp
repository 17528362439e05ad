// method_history.cpp - io.portwatch.History: who had a port, from when to when.
#include "userspace/api/methods.h"
#include "userspace/api/past_parameters.h"

namespace portwatch {
namespace {

// One instant instead of a span of time.
void read_instant(Parameters& in, HistoryQuestion& question) {
  const std::optional<WallTime> at = in.get<WallTime>("at");
  if (!at) {
    return;
  }
  if (question.since || question.until) {
    in.reject("at");
  }
  question.since = question.until = at;
}

}  // namespace

MethodOutcome method_history(const VarlinkCall& call,
                             const MethodContext& context) {
  Parameters in(call.parameters, {"port", "since", "until", "at", "limit",
                                  "protocol", "netns", "before"});
  HistoryQuestion question = read_past(in);
  read_instant(in, question);
  if (!in.fault().empty()) {
    return {in.fault(), {}};
  }
  return reply_with(context.service.history(question), context);
}

}  // namespace portwatch
