#include "userspace/api/event_log.h"

#include <algorithm>

namespace portwatch {

void EventLog::set_capacity(std::size_t capacity) {
  capacity_ = capacity;
  while (changes_.size() > capacity_) {
    changes_.pop_front();
  }
}

const Change& EventLog::push(Change change) {
  if (!changes_.empty() && changes_.size() >= capacity_) {
    changes_.pop_front();
  }
  change.seq = next_seq_++;
  return changes_.emplace_back(std::move(change));
}

std::vector<Change> EventLog::recent(std::size_t count) const {
  const std::size_t kept = std::min(count, changes_.size());
  return {changes_.end() - static_cast<std::ptrdiff_t>(kept), changes_.end()};
}

void EventLog::visit_backwards(
    const std::function<bool(const Change&)>& visit) const {
  for (auto at = changes_.rbegin(); at != changes_.rend() && visit(*at); ++at) {
  }
}

}  // namespace portwatch
