// clock.h - the two clocks of portwatch, and how one becomes the other.
//
// The kernel side stamps events with CLOCK_BOOTTIME (it counts suspend and
// never jumps); people and JSON read UTC. Code that needs the time takes a
// Clock, so that tests can hold it still.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace portwatch {

using BootTime = std::chrono::nanoseconds;  // since boot, CLOCK_BOOTTIME
using WallTime =
    std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual BootTime boot_now() const = 0;
  virtual WallTime wall_now() const = 0;

  // When a CLOCK_BOOTTIME instant was, on today's wall clock.
  virtual WallTime to_wall(BootTime when) const;
};

class SystemClock final : public Clock {
 public:
  BootTime boot_now() const override;
  WallTime wall_now() const override;
  // An instant has the same wall time whenever it is asked for, unless somebody set
  // the clock: the two clocks run at one rate (kernel/time/timekeeping.c), so their
  // distance is kept, to 1 us, for as long as a new reading does not refute it.
  WallTime to_wall(BootTime when) const override;

 private:
  mutable std::atomic<std::int64_t> distance_ns_{0};
};

// RFC 3339, UTC, microseconds: "2026-11-21T04:43:17.000123Z".
std::string to_rfc3339(WallTime time);
// Reads what to_rfc3339 writes (any number of fraction digits, only 'Z').
// Returns false and leaves `time` alone when the text is anything else.
bool from_rfc3339(const std::string& text, WallTime& time);

}  // namespace portwatch
