#include "cli/moment.h"

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

class MomentText : public CommandTest {  // in UTC
 protected:
  std::string read(const std::string& text) {
    const auto moment = parse_moment(text, kNow);
    return moment ? to_rfc3339(*moment) : "-";
  }
};

TEST_F(MomentText, EveryForm_IsRead) {
  EXPECT_EQ(read("now"), "2026-11-21T10:42:17.000000Z");
  EXPECT_EQ(read("today"), "2026-11-21T00:00:00.000000Z");
  EXPECT_EQ(read("yesterday"), "2026-11-20T00:00:00.000000Z");
  EXPECT_EQ(read("10:41"), "2026-11-21T10:41:00.000000Z");
  EXPECT_EQ(read("10:41:05"), "2026-11-21T10:41:05.000000Z");
  EXPECT_EQ(read("2026-11-20"), "2026-11-20T00:00:00.000000Z");
  EXPECT_EQ(read("2026-11-20 09:05"), "2026-11-20T09:05:00.000000Z");
  EXPECT_EQ(read("2026-11-20 09:05:07"), "2026-11-20T09:05:07.000000Z");
  EXPECT_EQ(read("2026-11-20T09:05:07"), "2026-11-20T09:05:07.000000Z");
  EXPECT_EQ(read("2026-11-20T09:05:07.25Z"), "2026-11-20T09:05:07.250000Z");
  EXPECT_EQ(read("2026-11-20T09:05:07+01:30"), "2026-11-20T07:35:07.000000Z");
  EXPECT_EQ(read("2026-11-20T09:05:07-01:00"), "2026-11-20T10:05:07.000000Z");
  for (const char* ago : {"5m", "-5m", "5m ago", "300", "-300s"}) {
    EXPECT_EQ(read(ago), "2026-11-21T10:37:17.000000Z") << ago;
  }
  EXPECT_EQ(read("2d"), "2026-11-19T10:42:17.000000Z");
  EXPECT_EQ(read("60d"), "2026-09-22T10:42:17.000000Z");
  EXPECT_EQ(read("@1795257700"), "2026-11-21T10:41:40.000000Z");
}

TEST_F(MomentText, LaterThanNow_WasYesterday) {
  EXPECT_EQ(read("10:43"), "2026-11-20T10:43:00.000000Z");
}

TEST_F(MomentText, TimeOfDayAfterAnother_IsTheNextOne) {
  const auto after = [](const std::string& text, int hours_ago) {
    const auto since = kNow - std::chrono::hours(hours_ago);
    return to_rfc3339(*parse_moment_after(text, since, kNow));
  };
  EXPECT_EQ(after("23:59", 1), "2026-11-21T23:59:00.000000Z");
  EXPECT_EQ(after("09:42:17", 1), "2026-11-21T09:42:17.000000Z");
  EXPECT_EQ(after("09:42:16", 1), "2026-11-22T09:42:16.000000Z");
  EXPECT_EQ(after("10:41", 30), "2026-11-20T10:41:00.000000Z");
  EXPECT_EQ(after("5m", 30), "2026-11-21T10:37:17.000000Z");
}

TEST_F(MomentText, AnythingElse_IsRefused) {
  for (const char* text : {"",
                           "x",
                           "25:00",
                           "10:60",
                           "10:41:60",
                           "10:4x",
                           "2026-02-30",
                           "2026-13-01",
                           "2026-11-20 9",
                           "ago",
                           " ago",
                           "-",
                           "--5m",
                           "5x",
                           "2026-11-20T09:05:07+1",
                           "2026-11-20T09:05:07*01:00",
                           "tomorrow",
                           "10:41 ago",
                           "@",
                           "@x",
                           "@-1",
                           "@1.5",
                           "@99999999999999"}) {
    EXPECT_EQ(read(text), "-") << text;
  }
}

}  // namespace
}  // namespace portwatch::cli
