#include "userspace/api/subscription.h"

#include <algorithm>

#include "userspace/api/json.h"
#include "userspace/api/peer_view.h"
#include "userspace/api/varlink_message.h"

namespace portwatch {
namespace {

template <class T>
bool contains(const std::vector<T>& items, const T& item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

// Everybody who owns none of the processes sees the same.
Viewer generalised(const Viewer& viewer, const Change& change) {
  const auto owns = [&](const Process& process) {
    return process.uid == viewer.uid;
  };
  if (viewer.sees_all() || !change.binding) {
    return {0, false};
  }
  const Binding& binding = *change.binding;
  const bool owns_some =
      (binding.creator && owns(*binding.creator)) ||
      (binding.holders &&
       std::any_of(binding.holders->begin(), binding.holders->end(), owns));
  return {owns_some ? viewer.uid : static_cast<uid_t>(-1), viewer.proc_hidden};
}

}  // namespace

bool Subscription::wants(const Change& change) const {
  if (!all_types && !contains(types, change.type)) {
    return false;
  }
  return ports.empty() || !change.binding ||
         contains(ports, change.binding->endpoint.port);
}

std::string event_message(const Change& change, const Viewer& viewer,
                          bool continues) {
  std::string text = "{\"event\":";
  if (viewer.sees_all() || !change.binding) {
    text += json_text(change);
  } else {
    Change visible = change;
    redact(*visible.binding, viewer);
    text += json_text(visible);
  }
  return reply_message(text + "}", continues);
}

std::vector<SharedMessage> recent_messages(const Subscription& subscription,
                                           const EventLog& log,
                                           const Viewer& viewer,
                                           std::size_t max_bytes) {
  std::vector<SharedMessage> messages;
  std::size_t bytes = 0;
  log.visit_backwards([&](const Change& change) {
    if (messages.size() == std::min(subscription.recent, kMaxRecent)) {
      return false;
    }
    if (subscription.wants(change)) {
      std::string text = event_message(change, viewer, subscription.more);
      bytes += text.size();
      if (bytes > max_bytes) {
        return false;
      }
      messages.push_back(std::make_shared<const std::string>(std::move(text)));
    }
    return true;
  });
  std::reverse(messages.begin(), messages.end());
  return messages;
}

SharedMessage EventMessages::get(const Viewer& viewer, bool continues) {
  const Viewer general = generalised(viewer, change_);
  for (const Version& version : versions_) {
    if (version.viewer == general && version.continues == continues) {
      return version.message;
    }
  }
  auto message = std::make_shared<const std::string>(
      event_message(change_, general, continues));
  versions_.push_back({general, continues, message});
  return message;
}

}  // namespace portwatch
