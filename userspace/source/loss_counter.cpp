#include "userspace/source/loss_counter.h"

#include <algorithm>
#include <utility>

namespace portwatch {

void LossCounter::note(std::uint32_t cpu, std::uint64_t seq) {
  Cpu& seen = cpus_.try_emplace(cpu, Cpu{seq}).first->second;
  seen.first = std::min(seen.first, seq);
  seen.highest = std::max(seen.highest, seq);
  ++seen.received;
}

std::uint64_t LossCounter::holes() const {
  std::uint64_t count = 0;
  for (const auto& [cpu, seen] : cpus_) {
    const std::uint64_t span = seen.highest - seen.first + 1;
    count += span - std::min(seen.received, span);
  }
  return count;
}

std::uint64_t LossCounter::settle(std::uint64_t drops) {
  const std::uint64_t open = holes();
  // Every drop is a loss of its own, whatever else was said before: a believed
  // hole may be filled while the next record is refused. (Drops at the end of a
  // burst leave no hole yet.)
  const std::uint64_t dropped =
      drops - std::min(drops, std::exchange(drops_, drops));
  // Holes without a drop are believed when they last.
  const std::uint64_t lasting = std::min(open, std::exchange(suspected_, open));
  const std::uint64_t unexplained = lasting - std::min(drops, lasting);
  const std::uint64_t before = std::exchange(believed_, unexplained);
  return dropped + unexplained - std::min(before, unexplained);
}

}  // namespace portwatch
