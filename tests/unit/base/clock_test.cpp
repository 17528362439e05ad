#include "userspace/base/clock.h"

#include <gtest/gtest.h>

namespace portwatch {
namespace {

using std::chrono::microseconds;

class StillClock final : public Clock {
 public:
  BootTime boot_now() const override { return std::chrono::seconds(100); }
  WallTime wall_now() const override {
    return WallTime(std::chrono::seconds(5000));
  }
};

TEST(Clock, BootInstant_BecomesWallTime) {
  EXPECT_EQ(StillClock().to_wall(std::chrono::seconds(40)),
            WallTime(std::chrono::seconds(4940)));
}

TEST(SystemClock, TimeGoesOn) {
  const SystemClock clock;
  const BootTime before = clock.boot_now();
  EXPECT_GT(before.count(), 0);
  EXPECT_GE(clock.boot_now(), before);
}

TEST(SystemClock, OneInstant_OneWallTime) {
  const SystemClock clock;
  const BootTime instant = clock.boot_now();
  const WallTime wall = clock.to_wall(instant);
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_EQ(clock.to_wall(instant), wall);
  }
  EXPECT_LT(wall - clock.wall_now(), std::chrono::seconds(1));
}

TEST(Rfc3339, Text_HasMicrosecondsAndZ) {
  EXPECT_EQ(to_rfc3339(WallTime(microseconds(1700000000000123))),
            "2023-11-14T22:13:20.000123Z");
}

TEST(Rfc3339, BeforeTheEpoch_IsWrittenRight) {
  EXPECT_EQ(to_rfc3339(WallTime(microseconds(-1))), "1969-12-31T23:59:59.999999Z");
}

TEST(Rfc3339, RoundTrip_IsExact) {
  const WallTime time(microseconds(1732164197123456));
  WallTime back;
  ASSERT_TRUE(from_rfc3339(to_rfc3339(time), back));
  EXPECT_EQ(back, time);
}

TEST(Rfc3339, OtherNumbersOfDigits_AreRead) {
  WallTime time;
  ASSERT_TRUE(from_rfc3339("2023-11-14T22:13:20Z", time));
  EXPECT_EQ(time, WallTime(std::chrono::seconds(1700000000)));
  ASSERT_TRUE(from_rfc3339("2023-11-14T22:13:20.5Z", time));
  EXPECT_EQ(time, WallTime(microseconds(1700000000500000)));
  ASSERT_TRUE(from_rfc3339("2023-11-14T22:13:20.123456789Z", time));
  EXPECT_EQ(time, WallTime(microseconds(1700000000123456)));
}

TEST(Rfc3339, AnythingElse_LeavesTheTimeAlone) {
  const WallTime kept(microseconds(7));
  for (const char* text : {"", "yesterday", "2023-11-14", "2023-11-14T22:13:20",
                           "2023-11-14T22:13:20.5", "2023-11-14T22:13:20+01:00",
                           "2023-11-14T22:13:20Zzz"}) {
    WallTime time = kept;
    EXPECT_FALSE(from_rfc3339(text, time)) << text;
    EXPECT_EQ(time, kept) << text;
  }
}

}  // namespace
}  // namespace portwatch
