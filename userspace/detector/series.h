// series.h - things that happen again and again to a subject on a port: when they
// make a loop, and when it is over. Shared by the detectors of loops.
//
// A series is told once, when `burst` occurrences are within `interval`, and its
// end is told once. Those that are told and those that are not yet are bounded
// apart: a storm of strangers does not push out a loop that goes on.
//
// Two books of one subject may be about one fault: who cannot bind dies of it. As
// twins they tell it once, see pair_with().
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
  SeriesBook(const SeriesBook&) = delete;
  SeriesBook& operator=(const SeriesBook&) = delete;

  // A series whose cause is a failed bind is silent while the twin tells such a one
  // of the same key: it is counted, and when only it goes on it becomes the one
  // that was told. Their end is one. Failed binds leave the telling to the deaths
  // that they cause, which say how it ends: while each is of another process, and
  // its death would complete the burst. For both books; the twin must outlive this.
  void pair_with(SeriesBook& twin) { twin_ = &twin; }

  // It happened once more. `latest` has all but count, window and times, and is
  // about its last occurrence; `count` becomes the number since `first`.
  void add(const SeriesKey& key, Loop latest, const BurstOptions& options,
           const Moment& now, std::vector<Change>& out);
  // `alert` was told by a daemon before us, and no end. It ends as any other does.
  void resume(const Change& alert, const Moment& now);
  // It is still going on, though it did not happen.
  void seen(const SeriesKey& key, const Moment& now);
  // It is over, for whatever reason; nothing when there is no such series.
  void end(const SeriesKey& key, const Moment& now, std::vector<Change>& out);
  // What was refused was had: of the twin, what failed binds caused is over too.
  void end_refusals(const SeriesKey& key, const Moment& now,
                    std::vector<Change>& out);
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
  std::size_t size() const { return pending_.size() + told_.size(); }

 private:
  struct Pending {
    std::deque<Moment> times;  // the last `burst` within the interval
    std::size_t burst = 0;
    ProcessId last{};  // whose the last one was
    BootTime seen{};
  };
  struct Told {
    Loop loop;
    ChangeType as = ChangeType::crash_loop;  // the alert's type
    WallTime found{};
    BootTime seen{};
    bool silent = false;  // the twin tells it
  };
  void tell(const SeriesKey& key, Loop loop, const Moment& now,
            std::vector<Change>& out);
  void count_on(const SeriesKey& key, Told& told, Loop latest, const Moment& now,
                std::vector<Change>& out);
  void make_room(const Moment& now, std::vector<Change>& out);
  void fall_quiet(const SeriesKey& key, const Moment& now,
                  std::vector<Change>& out);
  void erase_told(const SeriesKey& key, const Moment& now,
                  std::vector<Change>& out);
  bool waits_for_death(const SeriesKey& key, bool is_a_retry) const;
  bool tells_refusals(const SeriesKey& key) const;
  bool is_told_by_twin(const SeriesKey& key, const Loop& loop) const;
  const Told* silent_twin_of(const SeriesKey& key) const;
  Loop as_it_stands(const SeriesKey& key, const Told& told) const;

  ChangeType alert_;
  SeriesBook* twin_ = nullptr;
  RecentMap<SeriesKey, Pending> pending_;
  RecentMap<SeriesKey, Told> told_;
};

}  // namespace portwatch
