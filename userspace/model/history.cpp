#include "userspace/model/history.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace portwatch {
namespace {

bool asks_for(const HistoryQuestion& question, const Loop& loop) {
  return (!question.port || *question.port == loop.port) &&
         (!question.protocol || covers(*question.protocol, loop.protocol)) &&
         (!question.netns || *question.netns == loop.netns) &&
         (!question.until || loop.first <= *question.until);
}

}  // namespace

void add_active_loops(EventsAnswer& answer, std::vector<Change> active,
                      const HistoryQuestion& question) {
  std::erase_if(active,
                [&](const Change& one) { return !asks_for(question, *one.loop); });
  const auto by_time = [](const Change& a, const Change& b) {
    return a.time < b.time;
  };
  std::stable_sort(active.begin(), active.end(), by_time);
  answer.active = active.size();
  const std::size_t most = std::min(question.limit, kMaxPageRows);
  if (active.size() > most) {
    active.erase(active.begin(), active.end() - static_cast<std::ptrdiff_t>(most));
    answer.missing.push_back({"loops", "only the youngest " + std::to_string(most) +
                                           " of " + std::to_string(answer.active) +
                                           " that go on"});
  }
  std::vector<Change>& events = answer.events;
  std::erase_if(events, [&](const Change& event) {
    return event.type != ChangeType::loop_ended && event.loop &&
           std::any_of(active.begin(), active.end(), [&](const Change& one) {
             return same_series(*one.loop, *event.loop);
           });
  });
  if (question.before) {
    return;  // they are on the first page
  }
  std::move(active.begin(), active.end(), std::back_inserter(events));
  std::stable_sort(events.begin(), events.end(), by_time);
}

}  // namespace portwatch
