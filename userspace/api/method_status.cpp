// method_status.cpp - io.portwatch.Status: the daemon about itself.
#include "userspace/api/json.h"
#include "userspace/api/methods.h"
#include "userspace/api/parameters.h"

namespace portwatch {

MethodOutcome method_status(const VarlinkCall& call, const MethodContext& context) {
  const Parameters in(call.parameters, {});
  if (!in.fault().empty()) {
    return {in.fault(), {}};
  }
  Status status = context.service.status();
  status.clients = context.clients;
  status.subscribers = context.subscribers;
  return {reply_message(json_text(status)), {}};
}

}  // namespace portwatch
