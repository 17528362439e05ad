// method_watch.cpp - io.portwatch.Watch: events as they happen.
//
// Only reads what is asked for; the server keeps the subscription and feeds it.
#include <algorithm>
#include <array>

#include "userspace/api/methods.h"
#include "userspace/api/parameters.h"

namespace portwatch {
namespace {

// Words of the contract that are valid filters although nothing of this version
// produces them.
constexpr std::array<std::string_view, 7> kLaterTypes = {
    "bindFailed",   "bindFailureLoop", "crashLoop",   "loopEnded",
    "portConflict", "orphan",          "ownerChanged"};

bool is_later_type(std::string_view word) {
  return std::find(kLaterTypes.begin(), kLaterTypes.end(), word) !=
         kLaterTypes.end();
}

void read_types(Parameters& in, Subscription& subscription) {
  const auto words = in.get<std::vector<std::string>>("events");
  if (!words || words->empty()) {
    return;
  }
  subscription.all_types = false;
  for (const std::string& word : *words) {
    if (const auto type = change_type_from(word)) {
      subscription.types.push_back(*type);
    } else if (!is_later_type(word)) {
      in.reject("events");
    }
  }
}

}  // namespace

MethodOutcome method_watch(const VarlinkCall& call, const MethodContext&) {
  Parameters in(call.parameters, {"events", "ports", "recent"});
  Subscription subscription;
  read_types(in, subscription);
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
