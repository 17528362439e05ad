#include "cli/loop_story.h"

#include <algorithm>

namespace portwatch::cli {
namespace {

// A crash loop whose cause is failed binds has blockers too.
bool dies(const Change& event) {
  return event.type == ChangeType::crash_loop ||
         (event.type == ChangeType::loop_ended &&
          (event.loop->last_exit || !event.loop->blockers));
}

}  // namespace

bool is_services(const Subject& subject) {
  return subject.kind != Subject::Kind::program || subject.uid == uid_t{0};
}

std::vector<LoopStory> loop_stories(const EventsAnswer& answer) {
  std::vector<LoopStory> stories;  // oldest first
  for (const Change& event : answer.events) {
    if (!event.loop) {
      continue;
    }
    const auto begun =
        std::find_if(stories.begin(), stories.end(), [&](const LoopStory& story) {
          return story.event->type != ChangeType::loop_ended &&
                 same_series(*story.event->loop, *event.loop);
        });
    LoopStory story{&event, event.loop->active, dies(event)};
    if (begun != stories.end()) {
      story.dies = begun->dies;
      stories.erase(begun);
    }
    stories.push_back(story);
  }
  std::reverse(stories.begin(), stories.end());
  const auto past =
      std::stable_partition(stories.begin(), stories.end(),
                            [](const LoopStory& story) { return story.active; });
  std::stable_partition(stories.begin(), past, [](const LoopStory& story) {
    return is_services(story.event->loop->subject);
  });
  return stories;
}

}  // namespace portwatch::cli
