#include "cli/duration.h"

#include <gtest/gtest.h>

namespace portwatch::cli {
namespace {

using std::chrono::milliseconds;

TEST(Duration, EveryUnit_IsMilliseconds) {
  EXPECT_EQ(*parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(*parse_duration("5s"), milliseconds(5000));
  EXPECT_EQ(*parse_duration("5"), milliseconds(5000));
  EXPECT_EQ(*parse_duration("2m"), milliseconds(120000));
  EXPECT_EQ(*parse_duration("1h"), milliseconds(3600000));
  EXPECT_EQ(*parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(*parse_duration("0.25m"), milliseconds(15000));
  EXPECT_EQ(*parse_duration("0.0019"), milliseconds(1));
  EXPECT_EQ(*parse_duration("3650d"), milliseconds(315360000000));
  EXPECT_EQ(*parse_duration("7d"), *parse_duration("168h"));
}

TEST(Duration, AnythingElse_IsRefused) {
  for (const char* text :
       {"",      "s",    "ms",  "-1",    "+1",    "5 s",
        " 5",    "5s ",  "5S",  "1.",    ".5",    "1.s",
        "1.5.5", "0",    "0ms", "0.5ms", "3651d", "99999999999999999999",
        "1e3",   "0x10", "5w"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Count, FromOneToABillion) {
  EXPECT_EQ(*parse_count("1"), 1u);
  EXPECT_EQ(*parse_count("1000000000"), 1000000000u);
  for (const char* text :
       {"", "0", "-1", "1000000001", "1x", "99999999999999999999"}) {
    EXPECT_FALSE(parse_count(text)) << text;
  }
}

}  // namespace
}  // namespace portwatch::cli
