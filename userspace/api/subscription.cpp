#include "userspace/api/subscription.h"

#include <algorithm>

#include "userspace/api/change_processes.h"
#include "userspace/api/json.h"
#include "userspace/api/peer_view.h"
#include "userspace/api/varlink_message.h"

namespace portwatch {
namespace {

template <class T>
bool contains(const std::vector<T>& items, const T& item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

// It is about every port.
bool weakens_all(ChangeType type) {
  return type == ChangeType::events_lost || type == ChangeType::resynced;
}

bool tells_of_processes(const Change& change) {
  return change.binding || change.failure || change.loop || change.process ||
         change.previous;
}

bool owns_some(uid_t uid, const Change& change) {
  bool some = change.loop && change.loop->subject.uid == uid;
  each_process_of_change(
      change, [&](const Process& process) { some = some || process.uid == uid; });
  return some;
}

// Everybody who owns none of the processes sees the same.
Viewer generalised(const Viewer& viewer, const Change& change) {
  if (viewer.sees_all() || !tells_of_processes(change)) {
    return {0, false};
  }
  const bool owner = owns_some(viewer.uid, change);
  return {owner ? viewer.uid : static_cast<uid_t>(-1), viewer.proc_hidden};
}

}  // namespace

bool Subscription::wants(const Change& change) const {
  if (!types.empty() && !contains(types, change.type)) {
    return false;
  }
  return ports.empty() || weakens_all(change.type) ||
         contains(ports, port_of(change));
}

std::string event_message(const Change& change, const Viewer& viewer,
                          bool continues) {
  std::string text = "{\"event\":";
  if (viewer.sees_all()) {
    text += json_text(change);
  } else {
    Change visible = change;
    redact(visible, viewer);
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
