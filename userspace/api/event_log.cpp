#include "userspace/api/event_log.h"

#include <algorithm>
#include <iterator>

#include "userspace/api/change_processes.h"

namespace portwatch {
namespace {

std::size_t bytes_of(const Change& change) {
  std::size_t bytes = 0;
  each_process_of_change(
      change, [&](const Process& process) { bytes += text_bytes(process); });
  return bytes;
}

}  // namespace

void EventLog::forget_oldest() {
  bytes_ -= changes_.front().bytes;
  changes_.pop_front();
}

void EventLog::set_capacity(std::size_t capacity) {
  capacity_ = capacity;
  while (changes_.size() > capacity_) {
    forget_oldest();
  }
}

const Change& EventLog::push(Change change) {
  const std::size_t bytes = bytes_of(change);
  while (!changes_.empty() &&
         (changes_.size() >= capacity_ || bytes_ + bytes > most_bytes_)) {
    forget_oldest();
  }
  change.seq = next_seq_++;
  bytes_ += bytes;
  return changes_.emplace_back(Kept{std::move(change), bytes}).change;
}

std::vector<Change> EventLog::recent(std::size_t count) const {
  const std::size_t kept = std::min(count, changes_.size());
  std::vector<Change> last;
  std::transform(changes_.end() - static_cast<std::ptrdiff_t>(kept), changes_.end(),
                 std::back_inserter(last),
                 [](const Kept& one) { return one.change; });
  return last;
}

void EventLog::visit_backwards(
    const std::function<bool(const Change&)>& visit) const {
  for (auto at = changes_.rbegin(); at != changes_.rend() && visit(at->change);
       ++at) {
  }
}

}  // namespace portwatch
