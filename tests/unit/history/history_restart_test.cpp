// What the file says after a daemon, or its host, went down.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/unit/history/history_fixture.h"

namespace portwatch::test {
namespace {

class HistoryRestartTest : public HistoryTest {
 protected:
  void be_up(std::int64_t now, std::vector<std::string> live) {
    clock_.set(at(now));
    store_->push(LiveBindings{std::move(live)});
  }
  void stop_at(std::int64_t now) {
    EXPECT_EQ(store_->status().error, "");
    clock_.set(at(now));
    close();
  }
};

TEST_F(HistoryRestartTest, EarlierBoot_EndsWithItsLastSignOfLife) {
  open();
  be_up(0, {});
  store_->push(taken("1", 80, at(10)));
  stop_at(200);
  options_.boot_id = "boot-2";
  clock_.set(at(900));
  open();
  EXPECT_EQ(bindings(),
            std::vector({PastBinding{"{\"id\":\"1\"}", at(10), at(200), false}}));
  store_->push(taken("1", 81, at(910)));  // the number is free again
  EXPECT_EQ(bindings()[1].since, at(910));
  EXPECT_EQ(bindings()[1].until, std::nullopt);
}

TEST_F(HistoryRestartTest, FailedStart_IsNoSignOfLife) {
  open();
  be_up(0, {});
  store_->push(taken("1", 80, at(10)));
  stop_at(200);
  clock_.set(at(500));
  open();  // and ends before it is up
  store_->push(failure(at(500), 80, "{}"));
  stop_at(600);
  options_.boot_id = "boot-2";
  open();
  EXPECT_EQ(bindings()[0].until, at(200));
}

TEST_F(HistoryRestartTest, SignOfLife_IsNeverBeforeTheBeginning) {
  open();
  store_->push(taken("1", 80, at(10)));
  close();
  options_.boot_id = "boot-2";
  open();
  EXPECT_EQ(bindings(),
            std::vector({PastBinding{"{\"id\":\"1\"}", at(10), at(10), false}}));
}

TEST_F(HistoryRestartTest, SameBoot_WhatLivesGoesOnAndTheRestHasEnded) {
  open();
  be_up(0, {});
  store_->push(taken("gone", 80, at(10)));
  store_->push(taken("lives", 81, at(11)));
  reopen();
  be_up(300, {"lives"});
  EXPECT_EQ(
      bindings(),
      std::vector({PastBinding{"{\"id\":\"gone\"}", at(10), at(300), false},
                   PastBinding{"{\"id\":\"lives\"}", at(11), std::nullopt, true}}));
}

TEST_F(HistoryRestartTest, ReleaseThatComesLate_CorrectsTheEnd) {
  open();
  store_->push(taken("1", 80, at(10)));
  be_up(300, {});
  EXPECT_FALSE(bindings()[0].end_known);
  store_->push(released("1", 80, at(10), at(250)));
  EXPECT_EQ(bindings(),
            std::vector({PastBinding{"{\"id\":\"1\"}", at(10), at(250), true}}));
}

TEST_F(HistoryRestartTest, FoundToExist_TakesBackAnAssumedEnd) {
  open();
  store_->push(taken("1", 80, at(10)));
  be_up(300, {});
  auto existing = taken("1", 80, at(10));
  existing.existing = true;
  store_->push(existing);
  EXPECT_EQ(
      bindings(),
      std::vector({PastBinding{"{\"id\":\"1\"}", at(10), std::nullopt, true}}));
}

// Says on `report`, again and again, how many rows are in the file.
[[noreturn]] void write_for_ever(const HistoryStore::Options& options, int report) {
  const SharedClock clock;
  auto store = HistoryStore::open(options, clock);
  for (std::int64_t i = 0; store; ++i) {
    (*store)->push(failure(at(i), 80, std::to_string(i)));
    const std::uint64_t rows = (*store)->status().rows;
    if (write(report, &rows, sizeof rows) != sizeof rows) {
      break;
    }
    timespec pause{0, 1'000'000};  // the load: 1,000 a second
    nanosleep(&pause, nullptr);
  }
  _exit(1);
}

TEST_F(HistoryRestartTest, KilledUnderLoad_LosesNothingThatWasWritten) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::close(ends[0]);
    write_for_ever(options_, ends[1]);
  }
  ::close(ends[1]);
  const UniqueFd reports(ends[0]);
  std::uint64_t pushed = 0;
  std::uint64_t rows = 0;
  while (rows < 1500) {
    std::uint64_t next = 0;
    ASSERT_EQ(read(reports.get(), &next, sizeof next), ssize_t{sizeof next});
    rows = next;
    ++pushed;
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);

  EXPECT_EQ(integrity(), "ok");
  open();
  EXPECT_TRUE(store_->take_notices().empty());
  HistoryQuestion all;
  all.limit = kMaxHistoryRows;
  const auto found = events({}, all);
  EXPECT_GE(found.size(), rows);
  EXPECT_LT(pushed - rows, 20'000u);  // a slow machine's last second
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i], std::to_string(i));  // the first ones, without a hole
  }
}

}  // namespace
}  // namespace portwatch::test
