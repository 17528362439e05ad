// methods.h - the list of Varlink methods. A new method is one file
// method_NAME.cpp, one declaration and one line in methods.cpp, and its words in
// the .varlink file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "userspace/api/event_log.h"
#include "userspace/api/peer.h"
#include "userspace/api/service.h"
#include "userspace/api/subscription.h"
#include "userspace/api/varlink_message.h"

namespace portwatch {

// What a method may use. The references outlive the call.
struct MethodContext {
  Service& service;
  const Peer& peer;
  std::size_t clients = 0;
  std::size_t subscribers = 0;
};

struct MethodOutcome {
  std::string reply;  // one message with its NUL; empty: none yet (Watch)
  std::optional<Subscription> subscription;
};

// Finds and runs the method; whatever is wrong becomes an error reply.
MethodOutcome dispatch(const VarlinkCall& call, const MethodContext& context);

// io.portwatch
MethodOutcome method_who(const VarlinkCall& call, const MethodContext& context);
MethodOutcome method_list(const VarlinkCall& call, const MethodContext& context);
MethodOutcome method_watch(const VarlinkCall& call, const MethodContext& context);
MethodOutcome method_status(const VarlinkCall& call, const MethodContext& context);
MethodOutcome method_why(const VarlinkCall& call, const MethodContext& context);
MethodOutcome method_failures(const VarlinkCall& call,
                              const MethodContext& context);
MethodOutcome method_loops(const VarlinkCall& call, const MethodContext& context);
MethodOutcome method_history(const VarlinkCall& call, const MethodContext& context);
// org.varlink.service
MethodOutcome method_get_info(const VarlinkCall& call,
                              const MethodContext& context);
MethodOutcome method_get_interface_description(const VarlinkCall& call,
                                               const MethodContext& context);

// Asks the service with own_netns set, and replies.
MethodOutcome answer_question(Question question, const MethodContext& context);

// Takes away what the peer may not see and writes the reply, or the error's.
MethodOutcome reply_with(Result<Answer> answer, const MethodContext& context);
MethodOutcome reply_with(Result<Verdict> verdict, const MethodContext& context);
MethodOutcome reply_with(Result<EventsAnswer> answer, const MethodContext& context);

// The reply for an error of the service: Denied, Overloaded or Unavailable.
std::string service_error_message(const Error& error);

}  // namespace portwatch
