// loop_story.h - from events of loops to the loops themselves.
#pragma once

#include <vector>

#include "userspace/model/history.h"

namespace portwatch::cli {

struct LoopStory {
  const Change* event = nullptr;  // the latest that is known of it
  bool active = false;
  bool dies = false;  // else it fails to bind; the end of a series does not tell
};

// What is not a program that an ordinary user has started: who is many must not
// hide these.
bool is_services(const Subject& subject);

// One for each series: the active ones first (services before others), then those
// of the past, youngest first. The beginning of a series is told with its end; one
// whose end is not there (its daemon went first) is of the past: the daemon says
// which go on. The answer must outlive them.
std::vector<LoopStory> loop_stories(const EventsAnswer& answer);

}  // namespace portwatch::cli
