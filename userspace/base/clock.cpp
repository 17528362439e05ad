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

// How far CLOCK_REALTIME is ahead of CLOCK_BOOTTIME, between `low` and `high`.
struct Distance {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

Distance read_distance() {
  const auto before = read_clock(CLOCK_BOOTTIME);
  const auto wall = read_clock(CLOCK_REALTIME);
  const auto after = read_clock(CLOCK_BOOTTIME);
  return {(wall - after).count(), (wall - before).count()};
}

// An interrupt between the readings widens one of them, hardly all.
std::int64_t measure_distance() {
  Distance best = read_distance();
  for (int i = 0; i < 32; ++i) {
    const Distance next = read_distance();
    best = next.high - next.low < best.high - best.low ? next : best;
  }
  constexpr std::int64_t kStep = 1000;
  return (best.low + best.high + kStep) / (2 * kStep) * kStep;
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

WallTime SystemClock::to_wall(BootTime when) const {
  constexpr std::int64_t kRounded = 1000;
  const Distance now = read_distance();
  std::int64_t distance = distance_ns_.load(std::memory_order_relaxed);
  if (distance < now.low - kRounded || distance > now.high + kRounded) {
    distance = measure_distance();
    distance_ns_.store(distance, std::memory_order_relaxed);
  }
  return WallTime(std::chrono::duration_cast<std::chrono::microseconds>(
      when + std::chrono::nanoseconds(distance)));
}

std::string to_rfc3339(WallTime time) {
  namespace chrono = std::chrono;
  const auto midnight = chrono::floor<chrono::days>(time);
  const chrono::year_month_day day(midnight);
  const chrono::hh_mm_ss clock(
      chrono::duration_cast<chrono::microseconds>(time - midnight));
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ",
                static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                static_cast<unsigned>(day.day()),
                static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
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
