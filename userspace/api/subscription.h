// subscription.h - what one Watch call asked for, and the messages it gets.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "userspace/api/event_log.h"
#include "userspace/api/peer.h"
#include "userspace/model/change.h"

namespace portwatch {

// A message that several clients' queues may share.
using SharedMessage = std::shared_ptr<const std::string>;

struct Subscription {
  std::vector<ChangeType> types;  // empty: all
  std::vector<Port> ports;        // empty: all
  std::size_t recent = 0;         // that many past changes first
  bool more = false;              // false: one event, then the call is answered

  // Lost events and resyncs weaken what is known of every port, so `ports` does
  // not hold them back. It does hold back a failed bind of an automatic port.
  bool wants(const Change& change) const;
};

// The most past events that one Watch gets.
inline constexpr std::size_t kMaxRecent = 1024;

// The reply that carries `change`, as `viewer` may see it.
std::string event_message(const Change& change, const Viewer& viewer,
                          bool continues);

// The last changes that the subscription wants, oldest first: at most `recent`,
// and no more than `max_bytes` of messages.
std::vector<SharedMessage> recent_messages(const Subscription& subscription,
                                           const EventLog& log,
                                           const Viewer& viewer,
                                           std::size_t max_bytes);

// The messages of one change: written once for all who see the same.
class EventMessages {
 public:
  // `change` must outlive this.
  explicit EventMessages(const Change& change) : change_(change) {}
  SharedMessage get(const Viewer& viewer, bool continues);

 private:
  struct Version {
    Viewer viewer;
    bool continues;
    SharedMessage message;
  };
  const Change& change_;
  std::vector<Version> versions_;  // a handful: one per user who watches
};

}  // namespace portwatch
