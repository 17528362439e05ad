// detector.h - what every detector is: pure over (what happened, when).
//
// A detector sees every change and every end of a process, in order, and adds the
// alerts that it draws from them. It reads no clock and nothing of the system.
// Times are CLOCK_BOOTTIME: a suspended host's night counts, a set clock does not.
// Keys, windows and memory are bounded. Threads: one.
#pragma once

#include <optional>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/model/change.h"

namespace portwatch {

struct Moment {
  BootTime boot{};
  WallTime wall{};
};

class Detector {
 public:
  virtual ~Detector() = default;
  // Alerts are appended, with `time` set. `change` is never one of our own alerts.
  virtual void observe(const Change&, const Moment&, std::vector<Change>&) {}
  virtual void observe(const ProcessEnd&, const Moment&, std::vector<Change>&) {}
  // What time alone brings about; to be called at deadline() or later.
  virtual void advance(const Moment&, std::vector<Change>&) {}
  // When advance() has something to do; empty: never, as it stands.
  virtual std::optional<BootTime> deadline() const { return std::nullopt; }
};

}  // namespace portwatch
