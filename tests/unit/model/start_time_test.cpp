#include <gtest/gtest.h>

#include "userspace/model/process.h"

namespace portwatch {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

class SetClock final : public Clock {
 public:
  BootTime boot_now() const override { return boot; }
  WallTime wall_now() const override { return wall; }
  BootTime boot{};
  WallTime wall{};
};

TEST(StartWallTime, Ticks_AreHundredthsSinceBoot) {
  SetClock clock;
  clock.boot = seconds(100);
  clock.wall = WallTime(seconds(1000100));
  EXPECT_EQ(start_wall_time(1234, clock), WallTime(microseconds(1000012340000)));
}

// The two clocks are not read at the same instant, and the wall clock is slewed.
TEST(StartWallTime, TwoLooks_GiveTheSameTime) {
  SetClock clock;
  clock.boot = seconds(100);
  clock.wall = WallTime(seconds(1000100) + microseconds(300));
  const WallTime first = start_wall_time(1234, clock);
  clock.boot = seconds(250) + nanoseconds(12345);
  clock.wall = WallTime(seconds(1000250) + microseconds(900));
  EXPECT_EQ(start_wall_time(1234, clock), first);
}

}  // namespace
}  // namespace portwatch
