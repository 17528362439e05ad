// bind_failure_loop.h - one subject fails to bind one port, again and again.
//
// bind_failure_loop when `burst` failures are within `interval`; loop_ended when
// the subject takes what it failed to take, or a whole interval passes without a
// failure. What it failed to take is an address: a server that gets [::]:80 each
// time and is refused 0.0.0.0:80 each time is in a loop. A refused listen(2) comes
// after a bind that worked, so only a listen ends that one.
//
// An automatic port (0) counts when there is none left (EADDRINUSE): other errors
// there say nothing of a port, and a connect that fails asks for none.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "userspace/detector/detector.h"
#include "userspace/detector/recent_map.h"
#include "userspace/detector/series.h"

namespace portwatch {

class BindFailureLoop final : public Detector {
 public:
  explicit BindFailureLoop(const BurstOptions& options = {},
                           std::size_t max_keys = kMaxDetectorKeys)
      : options_(options),
        series_(ChangeType::bind_failure_loop, max_keys),
        attempts_(2 * max_keys) {}

  using Detector::observe;
  void observe(const Change& change, const Moment& now,
               std::vector<Change>& out) override;
  void advance(const Moment& now, std::vector<Change>& out) override {
    series_.expire(options_.interval, now, out);
  }
  std::optional<BootTime> deadline() const override {
    return series_.deadline(options_.interval);
  }

  void set_options(const BurstOptions& options) { options_ = options; }
  void active(std::vector<Change>& out) const { series_.active(out); }
  void resume(const Change& alert, const Moment& now) {
    series_.resume(alert, now);
  }
  // `other`: the deaths that such failures cause are the same loop.
  void pair_with(SeriesBook& other) {
    series_.pair_with(other);
    other.pair_with(series_);
  }
  // Entries in memory; at most 4 * max_keys.
  std::size_t size() const { return series_.size() + attempts_.size(); }

 private:
  struct Attempt {
    Operation operation = Operation::bind;
    Endpoint requested;
  };
  void on_failure(const BindFailure& failure, const Moment& now,
                  std::vector<Change>& out);
  void on_taken(const Change& change, const Moment& now, std::vector<Change>& out);

  BurstOptions options_;
  SeriesBook series_;
  RecentMap<SeriesKey, Attempt> attempts_;  // the last that failed
};

}  // namespace portwatch
