// history_cursor.h - where an answer about the past was cut.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portwatch {

// A row of the history, in the order of the answers. That row may be gone when the
// cursor is used; the order is still there.
struct HistoryCursor {
  std::int64_t time = 0;  // microseconds since the epoch
  std::int64_t row = 0;

  friend bool operator==(const HistoryCursor&, const HistoryCursor&) = default;
};
std::string to_string(const HistoryCursor& cursor);  // "1795257737000000-42"
std::optional<HistoryCursor> history_cursor_from(std::string_view text);

}  // namespace portwatch
