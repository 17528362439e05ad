// series.h - things that happen again and again to a subject on a port: when they
// make a loop, and when it is over. Shared by the detectors of loops.
//
// A series is told once, when `burst` occurrences are within `interval`, and its
// end is told once. Those that are told and those that are not yet are bounded
// apart: a storm of strangers does not push out a loop that goes on.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "userspace/detector/detector.h"
#include "userspace/detector/keys.h"
#include "userspace/detector/recent_map.h"

namespace portwatch {

struct BurstOptions {
  std::uint32_t burst = 5;  // 1 to kMaxBurst
  std::chrono::seconds interval{60};

  friend bool operator==(const BurstOptions&, const BurstOptions&) = default;
};
inline constexpr std::uint32_t kMaxBurst = 1000;
// What of Loop::blockers is kept; who has more has the failure's own event.
inline constexpr std::size_t kMaxKeptBlockers = 8;

struct SeriesKey {
  SubjectKey subject;
  PortKey port;

  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

// Whose series something is part of, and the loop's subject and port.
struct Sighting {
  SeriesKey key;
  Loop loop;
};
// Empty: the subject is not known.
std::optional<Sighting> sighting_of(const Process& owner, const Binding& binding);
std::optional<Sighting> sighting_of(const BindFailure& failure);
// "bind: EADDRINUSE"
std::string cause_of(const BindFailure& failure);

class SeriesBook {
 public:
  // `alert`: the type of the change that tells a loop.
  SeriesBook(ChangeType alert, std::size_t max_keys)
      : alert_(alert), pending_(max_keys), told_(max_keys) {}

  // It happened once more. `latest` has all but count, window and times, and is
  // about its last occurrence; `count` becomes the number since `first`.
  void add(const SeriesKey& key, Loop latest, const BurstOptions& options,
           const Moment& now, std::vector<Change>& out);
  // It is still going on, though it did not happen.
  void seen(const SeriesKey& key, const Moment& now);
  // It is over, for whatever reason; nothing when there is no such series.
  void end(const SeriesKey& key, const Moment& now, std::vector<Change>& out);
  // Ends those that nothing was seen of for `interval`.
  void expire(std::chrono::seconds interval, const Moment& now,
              std::vector<Change>& out);
  // When expire() will have something to tell.
  std::optional<BootTime> deadline(std::chrono::seconds interval) const;

  bool has(const SeriesKey& key) const {
    return pending_.find(key) != nullptr || told_.find(key) != nullptr;
  }
  // The alert of each loop that goes on, with what is known of it by now.
  void active(std::vector<Change>& out) const;
  std::size_t active_count() const { return told_.size(); }
  std::size_t size() const { return pending_.size() + told_.size(); }

 private:
  struct Pending {
    std::deque<Moment> times;  // the last `burst` within the interval
    BootTime seen{};
  };
  struct Told {
    Loop loop;
    WallTime found{};
    BootTime seen{};
  };
  void tell(const SeriesKey& key, Loop loop, const Moment& now,
            std::vector<Change>& out);

  ChangeType alert_;
  RecentMap<SeriesKey, Pending> pending_;
  RecentMap<SeriesKey, Told> told_;
};

}  // namespace portwatch
