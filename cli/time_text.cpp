#include "cli/time_text.h"

#include <time.h>

#include <array>
#include <cstdio>

#include "cli/text.h"

namespace portwatch::cli {
namespace {

struct Unit {
  std::int64_t seconds;
  const char* name;
};
constexpr std::array<Unit, 4> kUnits = {
    {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}}};

tm local_parts(WallTime when) {
  const time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::floor<std::chrono::seconds>(when));
  tm parts{};
  localtime_r(&seconds, &parts);
  return parts;
}

bool same_day(const tm& a, const tm& b) {
  return a.tm_year == b.tm_year && a.tm_yday == b.tm_yday;
}

std::string formatted(const char* format, const tm& parts) {
  char text[48];
  return {text, strftime(text, sizeof text, format, &parts)};
}

}  // namespace

std::string local_time(WallTime when, WallTime now) {
  const tm parts = local_parts(when);
  return formatted(
      same_day(parts, local_parts(now)) ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", parts);
}

std::string local_time_ms(WallTime when) {
  const auto second = std::chrono::floor<std::chrono::seconds>(when);
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(when - second);
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03d", static_cast<int>(ms.count()));
  return formatted("%H:%M:%S", local_parts(when)) + fraction;
}

std::string relative_time(WallTime when, WallTime now) {
  const auto ago = std::chrono::floor<std::chrono::seconds>(now - when).count();
  if (ago < -1) {
    return "in the future";
  }
  for (const Unit& unit : kUnits) {
    if (ago >= unit.seconds) {
      return count_of(static_cast<std::size_t>(ago / unit.seconds), unit.name) +
             " ago";
    }
  }
  return "just now";
}

std::string time_for_people(WallTime when, WallTime now) {
  return local_time(when, now) + " (" + relative_time(when, now) + ")";
}

std::string span_text(std::chrono::seconds span) {
  auto left = span.count();
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    if (left < kUnits[i].seconds) {
      continue;
    }
    const auto count = [](std::int64_t seconds, const Unit& unit) {
      return count_of(static_cast<std::size_t>(seconds / unit.seconds), unit.name);
    };
    const std::string text = count(left, kUnits[i]);
    left %= kUnits[i].seconds;
    const bool more = i + 1 < kUnits.size() && left >= kUnits[i + 1].seconds;
    return more ? text + " " + count(left, kUnits[i + 1]) : text;
  }
  return "0 seconds";
}

}  // namespace portwatch::cli
