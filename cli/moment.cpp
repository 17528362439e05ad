#include "cli/moment.h"

#include <time.h>

#include <charconv>
#include <cstdint>
#include <optional>

#include "cli/duration.h"

namespace portwatch::cli {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999

tm parts_of(WallTime time) {
  const time_t number =
      std::chrono::system_clock::to_time_t(std::chrono::floor<seconds>(time));
  tm parts{};
  localtime_r(&number, &parts);
  return parts;
}

std::optional<WallTime> time_of(tm parts) {
  const tm asked = parts;
  parts.tm_isdst = -1;
  const time_t number = mktime(&parts);
  // mktime(3) makes March 2 of February 30.
  if (number == -1 || parts.tm_mday != asked.tm_mday ||
      parts.tm_mon != asked.tm_mon) {
    return std::nullopt;
  }
  return WallTime(seconds(number));
}

// True when the format describes all of the text.
bool reads(const std::string& text, const char* format, tm& parts) {
  const char* end = strptime(text.c_str(), format, &parts);
  return end != nullptr && *end == '\0' && parts.tm_sec < 60;
}

tm midnight_of(WallTime time) {
  tm parts = parts_of(time);
  parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
  return parts;
}

std::optional<WallTime> days_ago(int days, WallTime now) {
  tm parts = midnight_of(now);
  parts.tm_mday -= days;
  parts.tm_isdst = -1;
  const time_t number = mktime(&parts);
  return number == -1 ? std::nullopt : std::optional(WallTime(seconds(number)));
}

std::optional<WallTime> date_in(const std::string& text, WallTime now) {
  for (const char* format :
       {"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    tm parts = midnight_of(now);
    if (reads(text, format, parts)) {
      return time_of(parts);
    }
  }
  return std::nullopt;
}

std::optional<WallTime> time_of_day_in(const std::string& text, WallTime now) {
  for (const char* format : {"%H:%M:%S", "%H:%M"}) {
    tm parts = midnight_of(now);
    if (reads(text, format, parts)) {
      const auto today = time_of(parts);
      if (!today || *today <= now) {
        return today;
      }
      --parts.tm_mday;
      parts.tm_isdst = -1;
      return WallTime(seconds(mktime(&parts)));
    }
  }
  return std::nullopt;
}

// RFC 3339 with an offset instead of Z: "+01:00" is east of Greenwich.
std::optional<WallTime> zoned_in(const std::string& text) {
  WallTime time;
  if (from_rfc3339(text, time)) {
    return time;
  }
  constexpr std::size_t kOffset = 6;
  tm offset{};
  if (text.size() <= kOffset ||
      !reads(text.substr(text.size() - kOffset + 1), "%H:%M", offset)) {
    return std::nullopt;
  }
  const char sign = text[text.size() - kOffset];
  if ((sign != '+' && sign != '-') ||
      !from_rfc3339(text.substr(0, text.size() - kOffset) + "Z", time)) {
    return std::nullopt;
  }
  const auto east =
      std::chrono::hours(offset.tm_hour) + std::chrono::minutes(offset.tm_min);
  return sign == '+' ? time - east : time + east;
}

std::optional<WallTime> ago_in(std::string text, WallTime now) {
  constexpr std::string_view kAgo = " ago";
  if (text.size() > kAgo.size() &&
      text.compare(text.size() - kAgo.size(), kAgo.size(), kAgo) == 0) {
    text.resize(text.size() - kAgo.size());
  } else if (text.rfind('-', 0) == 0) {
    text.erase(0, 1);
  }
  const auto span = parse_duration(text);
  return span ? std::optional<WallTime>(now - *span) : std::nullopt;
}

// As journalctl(1) and date(1) have it.
std::optional<WallTime> epoch_in(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  if (text.size() < 2 || text.front() != '@') {
    return std::nullopt;
  }
  const auto parsed = std::from_chars(text.data() + 1, end, number);
  const bool is_one = parsed.ec == std::errc{} && parsed.ptr == end;
  return is_one && number >= 0 && number <= kLastSecond
             ? std::optional(WallTime(seconds(number)))
             : std::nullopt;
}

std::optional<WallTime> word_in(const std::string& text, WallTime now) {
  if (text == "now") {
    return now;
  }
  return text == "today"       ? days_ago(0, now)
         : text == "yesterday" ? days_ago(1, now)
                               : std::nullopt;
}

}  // namespace

Result<WallTime> parse_moment(const std::string& text, WallTime now) {
  for (const auto& found :
       {word_in(text, now), ago_in(text, now), time_of_day_in(text, now),
        zoned_in(text), date_in(text, now), epoch_in(text)}) {
    if (found) {
      return *found;
    }
  }
  return Error{Errc::invalid,
               "bad time '" + text +
                   "' (expected 10:42, '2026-11-21 10:42:00', "
                   "2026-11-21T10:42:00Z, @EPOCH, or 5m for five minutes ago)"};
}

Result<WallTime> parse_moment_after(const std::string& text, WallTime since,
                                    WallTime now) {
  // The last one of the day that begins then.
  const auto day_end =
      since + std::chrono::hours(24) - std::chrono::microseconds(1);
  const auto time_of_day = time_of_day_in(text, day_end);
  return time_of_day ? Result<WallTime>(*time_of_day) : parse_moment(text, now);
}

}  // namespace portwatch::cli
