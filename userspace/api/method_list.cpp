// method_list.cpp - io.portwatch.List: all bindings that some filters admit.
#include "userspace/api/methods.h"
#include "userspace/api/parameters.h"

namespace portwatch {

MethodOutcome method_list(const VarlinkCall& call, const MethodContext& context) {
  Parameters in(call.parameters,
                {"listening", "protocol", "port", "pid", "netns", "connected"});
  Question question;
  question.listening = in.get<bool>("listening").value_or(false);
  question.protocol = in.protocol("protocol");
  question.port = in.port("port");
  question.pid = in.get<pid_t>("pid");
  question.netns = in.get<std::uint32_t>("netns");
  question.connected = in.get<bool>("connected").value_or(false);
  if (question.pid && *question.pid <= 0) {
    in.reject("pid");
  }
  if (!in.fault().empty()) {
    return {in.fault(), {}};
  }
  return answer_question(question, context);
}

}  // namespace portwatch
