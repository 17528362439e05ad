#include "cli/loop_story.h"

#include <algorithm>
#include <tuple>

namespace portwatch::cli {
namespace {

// A crash loop whose cause is failed binds has blockers too.
bool dies(const Change& event) {
  return event.type == ChangeType::crash_loop ||
         (event.type == ChangeType::loop_ended &&
          (event.loop->last_exit || !event.loop->blockers));
}

// The two kinds count in windows of their own.
bool same_series(const Change& a, const Change& b) {
  const auto key = [](const Loop& loop) {
    return std::tie(loop.subject, loop.protocol, loop.port, loop.netns, loop.window,
                    loop.first);
  };
  return key(*a.loop) == key(*b.loop);
}

}  // namespace

std::vector<LoopStory> loop_stories(const EventsAnswer& answer) {
  std::vector<LoopStory> stories;  // oldest first
  for (const Change& event : answer.events) {
    if (!event.loop) {
      continue;
    }
    const auto begun =
        std::find_if(stories.begin(), stories.end(), [&](const LoopStory& story) {
          return story.event->type != ChangeType::loop_ended &&
                 same_series(*story.event, event);
        });
    LoopStory story{&event, false, dies(event)};
    if (begun != stories.end()) {
      story.dies = begun->dies;
      stories.erase(begun);
    }
    stories.push_back(story);
  }
  std::reverse(stories.begin(), stories.end());
  std::size_t active = answer.active;
  for (LoopStory& story : stories) {
    story.active = active > 0 && story.event->type != ChangeType::loop_ended;
    active -= story.active ? 1 : 0;
  }
  std::stable_partition(stories.begin(), stories.end(),
                        [](const LoopStory& story) { return story.active; });
  return stories;
}

}  // namespace portwatch::cli
