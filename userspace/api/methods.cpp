#include "userspace/api/methods.h"

#include <array>

#include "userspace/api/json.h"
#include "userspace/api/peer_view.h"

namespace portwatch {
namespace {

struct Method {
  std::string_view interface;
  std::string_view name;
  MethodOutcome (*run)(const VarlinkCall&, const MethodContext&);
};

constexpr std::string_view kOurs = "io.portwatch";
constexpr std::string_view kStandard = "org.varlink.service";

constexpr std::array kMethods = {
    Method{kOurs, "Who", method_who},
    Method{kOurs, "List", method_list},
    Method{kOurs, "Watch", method_watch},
    Method{kOurs, "Why", method_why},
    Method{kOurs, "Failures", method_failures},
    Method{kOurs, "Loops", method_loops},
    Method{kOurs, "History", method_history},
    Method{kOurs, "Status", method_status},
    Method{kStandard, "GetInfo", method_get_info},
    Method{kStandard, "GetInterfaceDescription", method_get_interface_description},
};

MethodOutcome no_such_method(const std::string& method) {
  return {error_message(varlink_error::kMethodNotFound, {{"method", method}}), {}};
}

MethodOutcome no_such_interface(std::string_view interface) {
  return {error_message(varlink_error::kInterfaceNotFound,
                        {{"interface", std::string(interface)}}),
          {}};
}

template <class T>
MethodOutcome redacted_reply(Result<T> model, const MethodContext& context) {
  if (!model) {
    return {service_error_message(model.error()), {}};
  }
  redact(*model, context.peer.viewer);
  return {reply_message(json_text(*model)), {}};
}

}  // namespace

MethodOutcome dispatch(const VarlinkCall& call, const MethodContext& context) {
  const std::string_view full = call.method;
  const auto dot = full.rfind('.');
  if (dot == std::string_view::npos) {
    return no_such_method(call.method);
  }
  bool known_interface = false;
  for (const Method& method : kMethods) {
    if (method.interface == full.substr(0, dot)) {
      known_interface = true;
      if (method.name == full.substr(dot + 1)) {
        return method.run(call, context);
      }
    }
  }
  return known_interface ? no_such_method(call.method)
                         : no_such_interface(full.substr(0, dot));
}

MethodOutcome answer_question(Question question, const MethodContext& context) {
  question.own_netns = context.peer.netns;
  return reply_with(context.service.answer(question), context);
}

MethodOutcome reply_with(Result<Answer> answer, const MethodContext& context) {
  return redacted_reply(std::move(answer), context);
}

MethodOutcome reply_with(Result<Verdict> verdict, const MethodContext& context) {
  return redacted_reply(std::move(verdict), context);
}

MethodOutcome reply_with(Result<EventsAnswer> answer,
                         const MethodContext& context) {
  return redacted_reply(std::move(answer), context);
}

std::string service_error_message(const Error& error) {
  const char* name = error.code == Errc::not_permitted ? varlink_error::kDenied
                     : error.code == Errc::overloaded  ? varlink_error::kOverloaded
                                                      : varlink_error::kUnavailable;
  return error_message(name, {{"reason", error.context}});
}

}  // namespace portwatch
