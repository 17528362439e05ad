#include "userspace/alert/cooldown.h"

#include "userspace/model/change_facts.h"

namespace portwatch {

Cooldown::Key Cooldown::key_of(const Change& change) {
  const auto subject = subject_of(change);
  // The same program of another user is another subject.
  const std::string name =
      subject ? subject->name + "\n" +
                    (subject->uid ? std::to_string(*subject->uid) : "")
              : "";
  return {change.type, netns_of(change), protocol_of(change), port_of(change),
          name};
}

bool Cooldown::holds_back(const Key& key, BootTime now) {
  while (!order_.empty() && now - order_.front().first >= span_) {
    keys_.erase(order_.front().second);
    order_.pop_front();
  }
  return keys_.count(key) != 0;
}

void Cooldown::told(const Key& key, BootTime now) {
  if (span_.count() == 0 || !keys_.insert(key).second) {
    return;
  }
  order_.emplace_back(now, key);
  if (order_.size() > kMaxKeys) {
    keys_.erase(order_.front().second);
    order_.pop_front();
  }
}

}  // namespace portwatch
