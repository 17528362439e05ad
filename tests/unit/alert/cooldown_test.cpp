#include "userspace/alert/cooldown.h"

#include <gtest/gtest.h>

#include "tests/unit/alert/sample_changes.h"

namespace portwatch {
namespace {

using std::chrono::seconds;
using test::crash_loop;

TEST(Cooldown, SameKey_IsHeldBackForItsSpan) {
  Cooldown cooldown(seconds(60));
  const auto key = Cooldown::key_of(crash_loop());
  EXPECT_FALSE(cooldown.holds_back(key, seconds(100)));
  cooldown.told(key, seconds(100));
  EXPECT_TRUE(cooldown.holds_back(key, seconds(159)));
  EXPECT_FALSE(cooldown.holds_back(key, seconds(160)));
}

TEST(Cooldown, Zero_HoldsNothingBack) {
  Cooldown cooldown(seconds(0));
  const auto key = Cooldown::key_of(crash_loop());
  cooldown.told(key, seconds(100));
  EXPECT_FALSE(cooldown.holds_back(key, seconds(100)));
}

TEST(Cooldown, Key_TypeNamespaceProtocolPortAndSubject) {
  std::set<Cooldown::Key> keys = {Cooldown::key_of(crash_loop())};
  const auto differs = [&](const auto& alter) {
    Change change = crash_loop();
    alter(change);
    return keys.insert(Cooldown::key_of(change)).second;
  };
  EXPECT_TRUE(differs([](Change& c) { c.type = ChangeType::loop_ended; }));
  EXPECT_TRUE(differs([](Change& c) { c.loop->netns = 1; }));
  EXPECT_TRUE(differs([](Change& c) { c.loop->protocol = Protocol::udp; }));
  EXPECT_TRUE(differs([](Change& c) { c.loop->port = 81; }));
  EXPECT_TRUE(differs([](Change& c) { c.loop->subject.name = "b"; }));
  EXPECT_TRUE(differs([](Change& c) { c.loop->subject.uid = 1; }));
  EXPECT_FALSE(differs([](Change& c) { c.loop->count = 9; }));
}

TEST(Cooldown, TooManyKeys_ForgetsTheOldest) {
  Cooldown cooldown(seconds(60));
  const auto key = [](std::size_t i) {
    Change change = crash_loop();
    change.loop->subject.name = std::to_string(i);
    return Cooldown::key_of(change);
  };
  for (std::size_t i = 0; i <= Cooldown::kMaxKeys; ++i) {
    cooldown.told(key(i), seconds(1));
  }
  EXPECT_FALSE(cooldown.holds_back(key(0), seconds(2)));
  EXPECT_TRUE(cooldown.holds_back(key(1), seconds(2)));
  EXPECT_TRUE(cooldown.holds_back(key(Cooldown::kMaxKeys), seconds(2)));
}

}  // namespace
}  // namespace portwatch
