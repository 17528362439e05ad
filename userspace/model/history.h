// history.h - questions about the past.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "userspace/model/answer.h"
#include "userspace/model/change.h"

namespace portwatch {

// Bindings that overlap the time, or events within it. Empty fields do not narrow.
struct HistoryQuestion {
  std::optional<Port> port;
  std::optional<Protocol> protocol;
  std::optional<std::uint32_t> netns;
  std::optional<WallTime> since;
  std::optional<WallTime> until;
  std::size_t limit = 1000;  // the youngest so many; 1 to kMaxHistoryRows
  // Only what comes before that in the order of the answers: the next page.
  std::optional<HistoryCursor> before;
};
inline constexpr std::size_t kMaxHistoryRows = 10'000;
// An answer of the daemon has no more, and fewer if they are large.
inline constexpr std::size_t kMaxPageRows = 500;
// Said of an answer that was cut after so many.
Missing only_youngest(std::size_t count);
bool says_cut(const Missing& missing);  // is one of these

// Events of the past (failures, loops), oldest first, and what is missing: that
// failed binds are not seen here, that the history is off or damaged.
struct EventsAnswer {
  Source source = Source::ebpf;
  Confidence confidence = Confidence::exact;
  std::vector<Missing> missing;
  std::vector<Change> events;
  std::size_t active = 0;               // loops: of those, so many go on
  std::optional<HistoryCursor> before;  // there are older ones
};

// Adds the loops that go on (Loop::active, counted up to now) to those of the past:
// each series once, on the first page. They are there whenever they began, beside
// the question.limit of the past.
void add_active_loops(EventsAnswer& answer, std::vector<Change> active,
                      const HistoryQuestion& question);

}  // namespace portwatch
