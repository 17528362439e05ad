#include "userspace/detector/time_wait_pile.h"

#include <gtest/gtest.h>

#include "tests/unit/detector/scene.h"

namespace portwatch::test {
namespace {

using Types = std::vector<ChangeType>;
constexpr ChangeType kPile = ChangeType::time_wait_pile;

struct TimeWaitPileTest : ::testing::Test, Watched<TimeWaitPile> {
  void fail(int closing, Port port = 8080) {
    std::vector<Binding> blockers = {binding(process(7), port, "listener")};
    for (int i = 0; i < closing; ++i) {
      blockers.push_back(binding(process(7), port, std::to_string(i)));
      blockers.back().state = SocketState::closing;
    }
    see(failed(process(8), port, blockers));
  }
};

TEST_F(TimeWaitPileTest, MoreThanThreshold_IsToldWithTheFirst) {
  fail(20);
  EXPECT_EQ(types(news()), Types{});
  fail(21);
  const auto told = news();
  ASSERT_EQ(types(told), Types{kPile});
  EXPECT_EQ(told[0].count, 21u);
  EXPECT_EQ(told[0].binding->id, "0");
  EXPECT_EQ(told[0].time, ticker.now().wall);
}

TEST_F(TimeWaitPileTest, SamePile_IsToldOnceInTenMinutes) {
  fail(30);
  for (int i = 0; i < 9; ++i) {
    tick(1min);
    fail(40);
  }
  EXPECT_EQ(types(news()), Types{kPile});
  tick(1min);
  fail(40);
  EXPECT_EQ(types(news()), Types{kPile});
}

TEST_F(TimeWaitPileTest, FewerInBetween_MakesItNew) {
  fail(30);
  fail(3);
  fail(30);
  EXPECT_EQ(types(news()), (Types{kPile, kPile}));
}

TEST_F(TimeWaitPileTest, OtherPort_IsAnotherPile) {
  fail(30, 8080);
  fail(30, 8081);
  EXPECT_EQ(types(news()), (Types{kPile, kPile}));
}

TEST_F(TimeWaitPileTest, BlockersNotKnown_IsNeither) {
  fail(30);
  Change unknown = failed(process(8), 8080);
  unknown.failure->blockers.reset();
  see(unknown);
  fail(30);
  EXPECT_EQ(types(news()), Types{kPile});
}

TEST_F(TimeWaitPileTest, SuspendedHost_CountsTheNight) {
  fail(30);
  tick(8h);
  fail(30);
  EXPECT_EQ(types(news()), (Types{kPile, kPile}));
}

TEST_F(TimeWaitPileTest, Threshold_CanBeChanged) {
  detector.set_options({2});
  fail(3);
  EXPECT_EQ(types(news()), Types{kPile});
}

TEST(TimeWaitPileLimit, TooManyPorts_OldestIsForgotten) {
  Watched<TimeWaitPile> watched(TimeWaitOptions{0}, std::size_t{2});
  const auto fail = [&](Port port) {
    Binding closing = binding(process(7), port, "1");
    closing.state = SocketState::closing;
    watched.see(failed(process(8), port, {closing}));
  };
  for (Port port = 1; port <= 3; ++port) {
    fail(port);
    EXPECT_LE(watched.detector.size(), 2u);
  }
  watched.news();
  fail(3);
  EXPECT_EQ(types(watched.news()), Types{});
  fail(1);
  EXPECT_EQ(types(watched.news()), Types{kPile});
}

}  // namespace
}  // namespace portwatch::test
