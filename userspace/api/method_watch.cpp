// method_watch.cpp - io.portwatch.Watch: events as they happen.
//
// Only reads what is asked for; the server keeps the subscription and feeds it.
#include "userspace/api/methods.h"
#include "userspace/api/parameters.h"

namespace portwatch {
namespace {

std::vector<ChangeType> read_types(Parameters& in) {
  std::vector<ChangeType> types;
  const auto words = in.get<std::vector<std::string>>("events");
  for (const std::string& word : words.value_or(std::vector<std::string>())) {
    if (const auto type = change_type_from(word)) {
      types.push_back(*type);
    } else {
      in.reject("events");
    }
  }
  return types;
}

}  // namespace

MethodOutcome method_watch(const VarlinkCall& call, const MethodContext&) {
  Parameters in(call.parameters, {"events", "ports", "recent"});
  Subscription subscription;
  subscription.types = read_types(in);
  subscription.ports = in.ports("ports");
  const auto recent = in.get<std::int64_t>("recent").value_or(0);
  if (recent < 0) {
    in.reject("recent");
  }
  if (!in.fault().empty()) {
    return {in.fault(), {}};
  }
  subscription.more = call.more;
  subscription.recent = static_cast<std::size_t>(recent);
  return {"", subscription};
}

}  // namespace portwatch
