#include "userspace/model/process.h"

namespace portwatch {

WallTime start_wall_time(std::uint64_t start_ticks, const Clock& clock) {
  using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 100>>;
  const WallTime booted = clock.to_wall(BootTime{0});
  const auto rounded = std::chrono::round<Ticks>(booted.time_since_epoch());
  return WallTime(rounded + Ticks(static_cast<std::int64_t>(start_ticks)));
}

}  // namespace portwatch
