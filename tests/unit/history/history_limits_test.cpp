// The limits of size and age.
#include "tests/unit/history/history_fixture.h"

namespace portwatch::test {
namespace {

const std::string kLarge(4000, 'x');

class HistoryLimitsTest : public HistoryTest {
 protected:
  std::uint64_t size() const { return std::filesystem::file_size(options_.path); }
  // Events of 4 kB each, one a second; the last one is there afterwards.
  void fill(int first, int last) {
    for (int i = first; i <= last; ++i) {
      store_->push(failure(at(i), 80, std::to_string(i) + " " + kLarge));
      if (i % 200 == 0) {
        (void)events({"nothing"});  // a batch at a time, as in life
      }
    }
    (void)events({"nothing"});
  }
  std::string first_event() {
    HistoryQuestion all;
    all.limit = kMaxHistoryRows;
    const auto found = events({}, all);
    return found.empty() ? "" : found[0].substr(0, found[0].find(' '));
  }
};

TEST_F(HistoryLimitsTest, Size_OldestGo) {
  options_.max_bytes = 1 << 20;
  open();
  store_->push(released("old", 80, at(-20), at(-10)));
  store_->push(taken("open", 80, at(-30)));
  fill(1, 2000);  // eight times as much
  EXPECT_EQ(ids(), std::vector<std::string>({"open"}));
  EXPECT_GT(std::stoi(first_event()), 1700);
  EXPECT_LT(std::stoi(first_event()), 1950);  // no more than needed
  close();                                    // the log is in the file now
  EXPECT_LE(size(), 1'200'000u);
  EXPECT_EQ(integrity(), "ok");
}

TEST_F(HistoryLimitsTest, OpenBindingsAlone_AreBoundedToo) {
  options_.max_bytes = 1 << 20;
  open();
  for (int i = 0; i < 1000; ++i) {
    auto row = taken(std::to_string(i), 80, at(i));
    row.binding.interface = kLarge;
    store_->push(row);
  }
  // One batch after the other.
  while (bindings().size() > 260) {
    store_->push(failure(at(0), 80, "x"));
  }
  EXPECT_EQ(bindings().back().since, at(999));
}

TEST_F(HistoryLimitsTest, LoweredSize_GivesSpaceBack) {
  open();
  fill(1, 2000);
  close();
  ASSERT_GT(size(), 8'000'000u);
  options_.max_bytes = 1 << 20;
  open();
  fill(2001, 2002);  // a few batches
  for (int i = 0; i < 10; ++i) {
    fill(2003 + i, 2003 + i);
  }
  close();
  EXPECT_LE(size(), 1'200'000u);
}

TEST_F(HistoryLimitsTest, Age_EndedOnesGo) {
  options_.max_age = std::chrono::seconds(100);
  open();
  store_->push(LiveBindings{});
  store_->push(taken("open", 80, at(0)));
  store_->push(released("old", 80, at(0), at(10)));
  store_->push(released("young", 80, at(0), at(60)));
  store_->push(failure(at(10), 80, "old"));
  store_->push(failure(at(60), 80, "young"));
  EXPECT_EQ(ids().size(), 3u);
  clock_.set(at(150));
  store_->push(failure(at(150), 80, "now"));
  (void)ids();  // deletes after it has written
  EXPECT_EQ(ids(), std::vector<std::string>({"open", "young"}));
  EXPECT_EQ(events(), std::vector<std::string>({"young", "now"}));
  EXPECT_EQ(store_->status().rows, 4u);
}

TEST_F(HistoryLimitsTest, Status_CountsRowsAndBytes) {
  open();
  fill(1, 100);
  const HistoryStatus status = store_->status();
  EXPECT_TRUE(status.enabled);
  EXPECT_EQ(status.path, options_.path);
  EXPECT_EQ(status.rows, 100u);
  EXPECT_GT(status.bytes, 400'000u);
  EXPECT_LT(status.bytes, 10'000'000u);
}

}  // namespace
}  // namespace portwatch::test
