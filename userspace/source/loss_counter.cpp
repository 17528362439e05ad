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
  // Drops at the end of a burst leave no hole yet; holes without a drop are
  // believed when they last.
  const std::uint64_t lost = std::max(drops, std::min(open, suspected_));
  suspected_ = open;
  // A false alarm whose hole was filled later must not hide the next loss.
  return lost - std::min(std::exchange(reported_, lost), lost);
}

}  // namespace portwatch
