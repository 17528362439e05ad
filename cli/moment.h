// moment.h - "10:42", "5m", "2026-11-21 10:42:00": points in time on a command
// line.
#pragma once

#include <string>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"

namespace portwatch::cli {

// Local time, unless RFC 3339 says its zone: "10:42" and "10:42:17" (the last time
// that it was so), "2026-11-21", "2026-11-21 10:42", "2026-11-21 10:42:17",
// "2026-11-21T10:42:17Z", "...+01:00"; "@1795257737", seconds since 1970; "now",
// "today", "yesterday"; a duration as in duration.h, counted back from `now`: "5m",
// "-5m", "5m ago". Error: invalid, one line.
Result<WallTime> parse_moment(const std::string& text, WallTime now);

// The same, but a time of day is the first one from `since` on.
Result<WallTime> parse_moment_after(const std::string& text, WallTime since,
                                    WallTime now);

}  // namespace portwatch::cli
