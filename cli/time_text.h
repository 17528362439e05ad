// time_text.h - times as people read them: local, and how long ago.
#pragma once

#include <chrono>
#include <string>

#include "userspace/base/clock.h"

namespace portwatch::cli {

// "10:42:17" on the day of `now`, "2026-11-20 10:42:17" on others; local time.
std::string local_time(WallTime when, WallTime now);

// "10:42:17.123", always with the milliseconds and without the day.
std::string local_time_ms(WallTime when);

// "just now", "5 seconds ago", "3 minutes ago", "2 hours ago", "4 days ago",
// always cut down; "in the future" when the clocks disagree.
std::string relative_time(WallTime when, WallTime now);

// local_time, then relative_time in brackets.
std::string time_for_people(WallTime when, WallTime now);

// "3 seconds", "2 hours 5 minutes": the two largest units.
std::string span_text(std::chrono::seconds span);

}  // namespace portwatch::cli
