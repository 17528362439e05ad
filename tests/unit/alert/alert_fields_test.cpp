#include "userspace/alert/alert_fields.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/unit/alert/sample_changes.h"

namespace portwatch {
namespace {

using test::crash_loop;
using test::events_lost;
using test::failed_bind;

std::map<std::string, std::string> fields(const Change& change) {
  const AlertFields list = alert_fields(change);
  return {list.begin(), list.end()};
}

TEST(AlertFields, FailedBind_EveryFact) {
  EXPECT_EQ(fields(failed_bind()),
            (std::map<std::string, std::string>{
                {"PORTWATCH_EVENT", "bindFailed"},
                {"PORTWATCH_TIME", "2027-01-15T08:00:00.000000Z"},
                {"PORTWATCH_TEXT",
                 "bind of 0.0.0.0:5055/tcp by nginx (pid 12) failed: EADDRINUSE; "
                 "held by python3 (pid 3)"},
                {"PORTWATCH_PORT", "5055"},
                {"PORTWATCH_PROTOCOL", "tcp"},
                {"PORTWATCH_ADDRESS", "0.0.0.0"},
                {"PORTWATCH_NETNS", "4026531840"},
                {"PORTWATCH_SUBJECT", "nginx.service"},
                {"PORTWATCH_SUBJECT_KIND", "unit"},
                {"PORTWATCH_OPERATION", "bind"},
                {"PORTWATCH_ERROR", "EADDRINUSE"},
                {"PORTWATCH_PID", "12"},
                {"PORTWATCH_PROCESS", "nginx"},
                {"PORTWATCH_USER", "www-data"},
                {"PORTWATCH_UID", "33"},
                {"PORTWATCH_UNIT", "nginx.service"},
                {"PORTWATCH_HOLDER_PID", "3"},
                {"PORTWATCH_HOLDER", "python3"},
            }));
}

TEST(AlertFields, Loop_CountWindowCauseAndExit) {
  auto of_loop = fields(crash_loop());
  EXPECT_EQ(of_loop["PORTWATCH_COUNT"], "5");
  EXPECT_EQ(of_loop["PORTWATCH_WINDOW"], "3600");
  EXPECT_EQ(of_loop["PORTWATCH_CAUSE"], "exits with status 1");
  EXPECT_EQ(of_loop["PORTWATCH_EXIT"], "status 1");
  EXPECT_EQ(of_loop["PORTWATCH_PID"], "77");
  EXPECT_EQ(of_loop.count("PORTWATCH_ADDRESS"), 0u);
}

TEST(AlertFields, NotKnown_IsNotThere) {
  auto of_loss = fields(events_lost(7));
  EXPECT_EQ(of_loss.size(), 4u);
  EXPECT_EQ(of_loss["PORTWATCH_COUNT"], "7");
}

TEST(AlertFields, LongOrCutValues_AreBounded) {
  Change change = failed_bind();
  change.failure->process.name = std::string(100'000, 'x');
  change.failure->process.unit = std::string("a\0b", 3);
  auto bounded = fields(change);
  EXPECT_EQ(bounded["PORTWATCH_PROCESS"].size(), 4096u);
  EXPECT_EQ(bounded["PORTWATCH_UNIT"], "a");
}

TEST(HookEnvironment, Fields_AndAPathOnly) {
  const auto environment = hook_environment(events_lost(7));
  ASSERT_EQ(environment.size(), 5u);
  EXPECT_EQ(environment[0],
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  EXPECT_EQ(environment[1], "PORTWATCH_EVENT=eventsLost");
}

}  // namespace
}  // namespace portwatch
