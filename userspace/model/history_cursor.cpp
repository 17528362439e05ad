#include "userspace/model/history_cursor.h"

#include <charconv>

#include "userspace/model/history.h"

namespace portwatch {
namespace {

constexpr const char* kHistory = "history";
constexpr std::string_view kYoungest = "only the youngest ";

bool read_number(std::string_view text, std::int64_t& number) {
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc{} && parsed.ptr == end && number >= 0;
}

}  // namespace

Missing only_youngest(std::size_t count) {
  return {kHistory,
          std::string(kYoungest) + std::to_string(count) + " of those that match"};
}

bool says_cut(const Missing& missing) {
  return missing.what == kHistory && missing.why.starts_with(kYoungest);
}

std::string to_string(const HistoryCursor& cursor) {
  return std::to_string(cursor.time) + "-" + std::to_string(cursor.row);
}

std::optional<HistoryCursor> history_cursor_from(std::string_view text) {
  const auto dash = text.find('-');
  HistoryCursor cursor;
  if (dash == std::string_view::npos ||
      !read_number(text.substr(0, dash), cursor.time) ||
      !read_number(text.substr(dash + 1), cursor.row)) {
    return std::nullopt;
  }
  return cursor;
}

}  // namespace portwatch
