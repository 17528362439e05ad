#include "cli/time_text.h"

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

using std::chrono::seconds;

class TimeText : public CommandTest {};  // in UTC

TEST_F(TimeText, LocalTime_HasADayUnlessToday) {
  EXPECT_EQ(local_time(kNow, kNow), "10:42:17");
  EXPECT_EQ(local_time(kNow - std::chrono::hours(11), kNow), "2026-11-20 23:42:17");
}

TEST_F(TimeText, LocalTime_FollowsTheTimeZone) {
  setenv("TZ", "EST5", 1);
  tzset();
  EXPECT_EQ(local_time(kNow, kNow), "05:42:17");
}

TEST_F(TimeText, Milliseconds_AreAlwaysThree) {
  EXPECT_EQ(local_time_ms(kNow + std::chrono::microseconds(7999)), "10:42:17.007");
  EXPECT_EQ(local_time_ms(kNow - std::chrono::microseconds(1)), "10:42:16.999");
}

TEST_F(TimeText, Relative_IsCutDown) {
  EXPECT_EQ(relative_time(kNow, kNow), "just now");
  EXPECT_EQ(relative_time(kNow - seconds(1), kNow), "1 second ago");
  EXPECT_EQ(relative_time(kNow - seconds(59), kNow), "59 seconds ago");
  EXPECT_EQ(relative_time(kNow - seconds(119), kNow), "1 minute ago");
  EXPECT_EQ(relative_time(kNow - seconds(7200), kNow), "2 hours ago");
  EXPECT_EQ(relative_time(kNow - seconds(86400 * 400), kNow), "400 days ago");
}

TEST_F(TimeText, Future_IsNotCalledPast) {
  EXPECT_EQ(relative_time(kNow + std::chrono::milliseconds(5), kNow), "just now");
  EXPECT_EQ(relative_time(kNow + seconds(60), kNow), "in the future");
}

TEST_F(TimeText, Span_TwoLargestUnits) {
  EXPECT_EQ(span_text(seconds(0)), "0 seconds");
  EXPECT_EQ(span_text(seconds(61)), "1 minute 1 second");
  EXPECT_EQ(span_text(seconds(3600)), "1 hour");
  EXPECT_EQ(span_text(seconds(2 * 86400 + 3 * 3600 + 59)), "2 days 3 hours");
}

}  // namespace
}  // namespace portwatch::cli
