// crash_loop.h - a subject takes a port, or fails to, and dies, again and again.
//
// A life is one process on one port: from its bind (or its last failed bind) until
// it ends. Only the end of the process itself counts, not that of its workers.
// These ends are deaths:
//  - not by its own will: a status that is not 0, a signal that is not TERM, INT or
//    HUP (nor 128 + those, which programs that catch them exit with). A tool that
//    does its work, and what somebody stopped, are no crash loop;
//  - any end within kConsequence after a failed bind, unless the port was held.
// A port that was given back up to kConsequence before counts as held: programs
// close on their way down. Datagram sockets that are closed first do not: resolvers
// take and leave a thousand ports a second.
//
// A life that outlasts `reset_after` holding the port is none of a loop: the count
// begins again, a loop is over. It is over too when nothing was seen to die or fail
// for `interval`. Automatic ports are left out: no two lives have the same one.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/detector/detector.h"
#include "userspace/detector/recent_map.h"
#include "userspace/detector/series.h"

namespace portwatch {

struct CrashLoopOptions {
  std::uint32_t burst = 5;  // as in BurstOptions
  std::chrono::seconds interval{3600};
  std::chrono::seconds reset_after{600};

  friend bool operator==(const CrashLoopOptions&,
                         const CrashLoopOptions&) = default;
};

class CrashLoop final : public Detector {
 public:
  // Failed bind and end, release and end: nearer than this they belong together.
  static constexpr std::chrono::seconds kConsequence{30};

  explicit CrashLoop(const CrashLoopOptions& options = {},
                     const AutomaticPorts& automatic = {},
                     std::size_t max_keys = kMaxDetectorKeys)
      : options_(options),
        automatic_(automatic),
        series_(ChangeType::crash_loop, max_keys),
        lives_(max_keys),
        sockets_(max_keys) {}

  void observe(const Change& change, const Moment& now,
               std::vector<Change>& out) override;
  void observe(const ProcessEnd& end, const Moment& now,
               std::vector<Change>& out) override;
  void advance(const Moment& now, std::vector<Change>& out) override;
  std::optional<BootTime> deadline() const override;

  void set_options(const CrashLoopOptions& options,
                   const AutomaticPorts& automatic) {
    options_ = options;
    automatic_ = automatic;
  }
  void active(std::vector<Change>& out) const { series_.active(out); }
  void resume(const Change& alert, const Moment& now) {
    series_.resume(alert, now);
  }
  SeriesBook& series() { return series_; }  // to be paired
  // Entries in memory; at most 4 * max_keys.
  std::size_t size() const {
    return series_.size() + lives_.size() + sockets_.size();
  }

 private:
  struct LifeKey {
    ProcessId process;
    PortKey port;

    friend auto operator<=>(const LifeKey&, const LifeKey&) = default;
  };
  struct FailedBind {
    BootTime when{};
    Endpoint requested;
    std::string cause;
    std::optional<std::vector<Binding>> blockers;
  };
  struct Life {
    Sighting of;
    bool told_apart = true;  // false: its end tells better whose series it is
    BootTime since{};  // of the hold; of the last failed bind where there is none
    std::size_t held = 0;  // sockets on the port
    std::optional<BootTime> released;
    bool reconstructed = false;  // held for longer than `since` says, perhaps
    std::optional<FailedBind> failed;
  };

  void on_taken(const Change& change, const Moment& now);
  void on_release(const Binding& binding, const Moment& now);
  void on_failure(const BindFailure& failure, const Moment& now);
  void on_end(const LifeKey& key, const ProcessEnd& end, const Moment& now,
              std::vector<Change>& out);
  static Sighting series_of(const Life& life, const Process& as_it_ended);
  bool outlasted(const Life& life, const ProcessId& process,
                 const Moment& now) const;

  CrashLoopOptions options_;
  AutomaticPorts automatic_;
  SeriesBook series_;
  RecentMap<LifeKey, Life> lives_;           // oldest `since` first
  RecentMap<std::string, LifeKey> sockets_;  // held ones, by Binding::id
};

}  // namespace portwatch
