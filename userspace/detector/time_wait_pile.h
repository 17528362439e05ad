// time_wait_pile.h - a failed bind is refused by many connections that are closing.
//
// time_wait_pile when more than `threshold` of a failure's blockers are closing:
// once for each port, until a failure there shows fewer, or kRemind has passed.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "userspace/detector/detector.h"
#include "userspace/detector/keys.h"
#include "userspace/detector/recent_map.h"

namespace portwatch {

struct TimeWaitOptions {
  std::size_t threshold = 20;

  friend bool operator==(const TimeWaitOptions&, const TimeWaitOptions&) = default;
};

class TimeWaitPile final : public Detector {
 public:
  static constexpr std::chrono::minutes kRemind{10};

  explicit TimeWaitPile(const TimeWaitOptions& options = {},
                        std::size_t max_keys = kMaxDetectorKeys)
      : options_(options), told_(max_keys) {}

  using Detector::observe;
  void observe(const Change& change, const Moment& now,
               std::vector<Change>& out) override;

  void set_options(const TimeWaitOptions& options) { options_ = options; }
  // Ports in memory; at most max_keys.
  std::size_t size() const { return told_.size(); }

 private:
  TimeWaitOptions options_;
  RecentMap<PortKey, BootTime> told_;
};

}  // namespace portwatch
