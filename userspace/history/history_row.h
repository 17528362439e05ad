// history_row.h - what is written down of the past.
//
// Documents are JSON text that the history keeps and gives back as it is; those of
// bindings are written by the store's thread. The other fields are what can be
// asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "userspace/model/binding.h"
#include "userspace/model/history_cursor.h"
#include "userspace/model/loop.h"

namespace portwatch {

// A socket has a port. Told again (it listens now), the last document stands. Its
// id means this socket only while the host is up.
struct BindingTaken {
  Binding binding;
  WallTime seen{};  // when it was seen; stands in for `since` where that is empty
  // Found there, not seen to come: if it is known, that which is known stands,
  // which was said when its creator still lived.
  bool existing = false;
};

// It let go. Ends the open row of that id; one that was never written is inserted.
struct BindingReleased {
  Binding binding;
  WallTime until{};
  // `binding` is what the taking said, which is not written yet.
  bool taken = false;
};

struct PastEvent {
  std::string kind;  // "bindFailed", as to_string(ChangeType)
  WallTime time{};
  std::optional<Protocol> protocol;
  Port port = 0;  // 0: it is about none
  std::optional<std::uint32_t> netns;
  std::string subject;  // whose it is; may be empty
  std::string document;
};

// Kept as an event of this kind.
inline constexpr std::string_view kProcessEndKind = "processEnd";
struct ProcessEnded {
  ProcessId process;
  WallTime time{};
  std::optional<ExitStatus> status;  // empty: nobody could tell
  std::string document;
};

// All bindings that there are now: an open row of any other has ended unnoticed.
struct LiveBindings {
  std::vector<std::string> ids;
  // Since when they are watched, where the life of a daemon begins with them;
  // empty: since they are written.
  std::optional<WallTime> since = {};
};

// The document of a binding.
using DocumentOf = std::function<std::string(const Binding&)>;

using HistoryRow = std::variant<BindingTaken, BindingReleased, PastEvent,
                                ProcessEnded, LiveBindings>;
// Memory that it takes, about; what it shares is counted as if it did not.
std::size_t size_of(const HistoryRow& row);

// A binding of the past, as it is given back.
struct PastBinding {
  std::string document;
  std::optional<WallTime> since;
  std::optional<WallTime> until;  // empty: it goes on
  // False: it ended unnoticed. `until` is when that was found out; after a reboot
  // it is the last sign of life before it.
  bool end_known = true;
  // Of the ProcessEnded that may be the end of its creator: the first one of that
  // pid since then. Empty: there is none.
  std::string creator_end = {};

  friend bool operator==(const PastBinding&, const PastBinding&) = default;
};

struct TimeSpan {
  WallTime from{};
  WallTime to{};
  friend bool operator==(const TimeSpan&, const TimeSpan&) = default;
};

// What an answer about bindings cannot know of the time that was asked about.
struct NotSeen {
  std::vector<TimeSpan> unwatched;    // no daemon was up
  std::optional<WallTime> last_loss;  // of records of the kernel ("eventsLost")
};

template <class Row>
struct HistoryPage {
  std::vector<Row> rows;                // oldest first
  std::optional<HistoryCursor> before;  // there are older ones
  bool stale = false;  // the youngest may lack: the writer was not done in time
  NotSeen not_seen;    // of bindings, on the first page
};

}  // namespace portwatch
