// method_who.cpp - io.portwatch.Who: everything on one port.
#include "userspace/api/methods.h"
#include "userspace/api/parameters.h"

namespace portwatch {

MethodOutcome method_who(const VarlinkCall& call, const MethodContext& context) {
  Parameters in(call.parameters, {"port", "protocol", "netns"});
  Question question;
  question.port = in.port("port");
  question.protocol = in.protocol("protocol");
  question.netns = in.get<std::uint32_t>("netns");
  if (!question.port) {
    in.reject("port");
  }
  if (!in.fault().empty()) {
    return {in.fault(), {}};
  }
  return answer_question(question, context);
}

}  // namespace portwatch
