#include "userspace/base/clock.h"

#include <time.h>

#include <cstdio>

namespace portwatch {
namespace {

std::chrono::nanoseconds read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::int64_t fraction_to_us(const char*& at) {
  std::int64_t us = 0;
  std::int64_t weight = 100000;
  for (++at; *at >= '0' && *at <= '9'; ++at, weight /= 10) {
    us += (*at - '0') * weight;
  }
  return us;
}

}  // namespace

WallTime Clock::to_wall(BootTime when) const {
  return wall_now() -
         std::chrono::duration_cast<std::chrono::microseconds>(boot_now() - when);
}

BootTime SystemClock::boot_now() const { return read_clock(CLOCK_BOOTTIME); }

WallTime SystemClock::wall_now() const {
  return WallTime(std::chrono::duration_cast<std::chrono::microseconds>(
      read_clock(CLOCK_REALTIME)));
}

std::string to_rfc3339(WallTime time) {
  const auto us = time.time_since_epoch().count();
  const auto fraction = ((us % 1000000) + 1000000) % 1000000;
  const time_t seconds = static_cast<time_t>((us - fraction) / 1000000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char day[32];
  strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  char text[48];
  std::snprintf(text, sizeof text, "%s.%06dZ", day, static_cast<int>(fraction));
  return text;
}

bool from_rfc3339(const std::string& text, WallTime& time) {
  tm parts{};
  const char* at = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (at == nullptr) {
    return false;
  }
  const std::int64_t us = *at == '.' ? fraction_to_us(at) : 0;
  if (at[0] != 'Z' || at[1] != '\0') {
    return false;
  }
  time = WallTime(std::chrono::seconds(timegm(&parts)) +
                  std::chrono::microseconds(us));
  return true;
}

}  // namespace portwatch
