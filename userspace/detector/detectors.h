// detectors.h - all detectors, as the daemon uses them.
//
// Every change and every end of a process goes in, in order, with the time at which
// it happened; alerts come out. A timer for deadline() calls advance(). Wall clock
// times are for people only: nothing is computed from them.
// Threads: one.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "userspace/detector/bind_failure_loop.h"
#include "userspace/detector/crash_loop.h"
#include "userspace/detector/detector.h"
#include "userspace/detector/orphan.h"
#include "userspace/detector/owner_change.h"
#include "userspace/detector/time_wait_pile.h"

namespace portwatch {

struct DetectorOptions {
  BurstOptions bind_failures;
  CrashLoopOptions crash_loop;
  TimeWaitOptions time_wait;
  AutomaticPorts automatic_ports;  // of the host; namespaces may differ

  friend bool operator==(const DetectorOptions&, const DetectorOptions&) = default;
};

class Detectors {
 public:
  explicit Detectors(const DetectorOptions& options = {},
                     std::size_t max_keys = kMaxDetectorKeys);
  // all_ points into it.
  Detectors(const Detectors&) = delete;
  Detectors& operator=(const Detectors&) = delete;

  // Alerts of our own need not be kept away: they are passed over.
  std::vector<Change> observe(const Change& change, const Moment& now);
  std::vector<Change> observe(const ProcessEnd& end, const Moment& now);
  std::vector<Change> advance(const Moment& now);
  // The earliest time at which advance() may have something to tell.
  std::optional<BootTime> deadline() const;

  // Events were lost: drops what a lost one would make untrue. Loops and orphans
  // are made of what was seen and stay.
  void forget() { owner_change_.forget(); }
  // For a reload: state is kept and judged by the new values from now on.
  void set_options(const DetectorOptions& options);

  // What a daemon before us told, since the host is up: the loops that have not
  // ended, and the orphans among those who hold `there` now. `past`: oldest first.
  void resume_loops(const std::vector<Change>& past, const Moment& now);
  void resume_orphans(const std::vector<Change>& past,
                      const std::vector<Binding>& there);

  // The alert of each loop that goes on, counted up to now.
  std::vector<Change> active_loops() const;
  bool is_orphan(const ProcessId& process) const {
    return orphan_.is_orphan(process);
  }
  // The alert of each orphan that still holds its port.
  std::vector<Change> orphans() const { return orphan_.orphans(); }
  // Entries in memory; at most kEntriesPerKey * max_keys.
  std::size_t size() const;
  static constexpr std::size_t kEntriesPerKey = 12;

 private:
  BindFailureLoop bind_failure_loop_;
  CrashLoop crash_loop_;
  OrphanDetector orphan_;
  OwnerChange owner_change_;
  TimeWaitPile time_wait_pile_;
  std::array<Detector*, 5> all_{&bind_failure_loop_, &crash_loop_, &orphan_,
                                &owner_change_, &time_wait_pile_};
};

}  // namespace portwatch
