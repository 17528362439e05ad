#include "userspace/model/history.h"

#include <gtest/gtest.h>

namespace portwatch {
namespace {

using std::chrono::seconds;

Change loop_event(int began, Port port, ChangeType type = ChangeType::crash_loop) {
  Change event;
  event.type = type;
  event.time = WallTime(seconds(began + 5));
  event.loop.emplace();
  event.loop->subject.name = "web.service";
  event.loop->port = port;
  event.loop->netns = 7;
  event.loop->first = WallTime(seconds(began));
  event.loop->count = 5;
  return event;
}

Change active_loop(int began, Port port) {
  Change event = loop_event(began, port);
  event.loop->active = true;
  event.loop->count = 50;
  return event;
}

std::vector<std::uint64_t> counts(const EventsAnswer& answer) {
  std::vector<std::uint64_t> all;
  for (const Change& event : answer.events) {
    all.push_back(event.loop->count);
  }
  return all;
}

TEST(ActiveLoops, SeriesOfThePast_IsThereOnceAsItStandsNow) {
  EventsAnswer answer;
  answer.events = {loop_event(10, 80), loop_event(20, 81),
                   loop_event(20, 81, ChangeType::loop_ended)};
  add_active_loops(answer, {active_loop(10, 80)}, {});
  EXPECT_EQ(counts(answer), (std::vector<std::uint64_t>{50, 5, 5}));
  EXPECT_TRUE(answer.events[0].loop->active);
  EXPECT_EQ(answer.active, 1u);
}

TEST(ActiveLoops, ForgottenByThePast_IsThereAllTheSame) {
  EventsAnswer answer;
  HistoryQuestion question;
  question.since = WallTime(seconds(1000));
  add_active_loops(answer, {active_loop(10, 80)}, question);
  EXPECT_EQ(counts(answer), std::vector<std::uint64_t>{50});
}

TEST(ActiveLoops, EarlierSeriesOfTheSameSubject_Stays) {
  EventsAnswer answer;
  answer.events = {loop_event(1, 80), loop_event(10, 80)};
  add_active_loops(answer, {active_loop(10, 80)}, {});
  EXPECT_EQ(counts(answer), (std::vector<std::uint64_t>{5, 50}));
}

TEST(ActiveLoops, NotAskedFor_IsLeftOut) {
  for (const auto narrow : std::vector<void (*)(HistoryQuestion&)>{
           [](HistoryQuestion& question) { question.port = 81; },
           [](HistoryQuestion& question) { question.protocol = Protocol::udp; },
           [](HistoryQuestion& question) { question.netns = 8; },
           [](HistoryQuestion& question) {
             question.until = WallTime(seconds(9));
           }}) {
    EventsAnswer answer;
    HistoryQuestion question;
    narrow(question);
    add_active_loops(answer, {active_loop(10, 80)}, question);
    EXPECT_TRUE(answer.events.empty());
    EXPECT_EQ(answer.active, 0u);
  }
}

TEST(ActiveLoops, Limit_IsOfThePastAndLeavesOutTheOldest) {
  EventsAnswer answer;
  answer.events = {loop_event(30, 82), loop_event(40, 83)};
  HistoryQuestion question;
  question.limit = 2;
  add_active_loops(answer, {active_loop(10, 80)}, question);
  EXPECT_EQ(answer.events.size(), 3u) << "a page is cut where the past is cut";
  EXPECT_TRUE(answer.missing.empty());
  answer.events.clear();
  add_active_loops(answer,
                   {active_loop(10, 80), active_loop(11, 81), active_loop(12, 82)},
                   question);
  EXPECT_EQ(answer.active, 3u);
  ASSERT_EQ(answer.events.size(), 2u);
  EXPECT_EQ(answer.events[0].loop->port, 81);
  ASSERT_EQ(answer.missing.size(), 1u);
  EXPECT_EQ(answer.missing[0].why, "only the youngest 2 of 3 that go on");
}

TEST(ActiveLoops, LaterPage_HasThemNotAgain) {
  EventsAnswer answer;
  answer.events = {loop_event(10, 80), loop_event(30, 82)};
  HistoryQuestion question;
  question.before = HistoryCursor{};
  add_active_loops(answer, {active_loop(10, 80)}, question);
  ASSERT_EQ(answer.events.size(), 1u);
  EXPECT_EQ(answer.events[0].loop->port, 82);
}

}  // namespace
}  // namespace portwatch
