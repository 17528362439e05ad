#include "userspace/api/event_log.h"

#include <gtest/gtest.h>

#include "tests/unit/api/sample.h"

namespace portwatch {
namespace {

std::vector<std::uint64_t> numbers(const std::vector<Change>& changes) {
  std::vector<std::uint64_t> numbers;
  for (const Change& change : changes) {
    numbers.push_back(change.seq);
  }
  return numbers;
}

TEST(EventLog, Numbers_StartAtOneWithoutGaps) {
  EventLog log(10);
  EXPECT_EQ(log.push(change_of(ChangeType::bind, 1)).seq, 1u);
  EXPECT_EQ(log.push(change_of(ChangeType::bind, 1)).seq, 2u);
}

TEST(EventLog, FullLog_ForgetsTheOldest) {
  EventLog log(2);
  for (int i = 0; i < 5; ++i) {
    log.push(change_of(ChangeType::bind, 1));
  }
  EXPECT_EQ(numbers(log.recent(10)), (std::vector<std::uint64_t>{4, 5}));
  EXPECT_EQ(numbers(log.recent(1)), (std::vector<std::uint64_t>{5}));
}

TEST(EventLog, LongArguments_CountAgainstTheLimit) {
  EventLog log(10, 1200);
  Change change = change_of(ChangeType::bind, 1);
  Process process;
  process.cmdline = {std::string(400, 'x')};
  change.process = process;
  for (int i = 0; i < 5; ++i) {
    log.push(change);
  }
  EXPECT_EQ(numbers(log.recent(10)), (std::vector<std::uint64_t>{4, 5}));
  process.cmdline = {std::string(2000, 'x')};
  change.process = process;
  log.push(change);
  EXPECT_EQ(numbers(log.recent(10)), (std::vector<std::uint64_t>{6}))
      << "the last one is kept, whatever its size";
}

TEST(EventLog, VisitBackwards_StopsWhenTold) {
  EventLog log(10);
  for (int i = 0; i < 5; ++i) {
    log.push(change_of(ChangeType::bind, 1));
  }
  std::vector<std::uint64_t> seen;
  log.visit_backwards([&](const Change& change) {
    seen.push_back(change.seq);
    return seen.size() < 2;
  });
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{5, 4}));
}

TEST(EventLog, NoCapacity_KeepsTheLast) {
  EventLog log(0);
  log.push(change_of(ChangeType::bind, 1));
  EXPECT_EQ(log.push(change_of(ChangeType::bind, 1)).seq, 2u);
  EXPECT_EQ(log.recent(9).size(), 1u);
}

}  // namespace
}  // namespace portwatch
