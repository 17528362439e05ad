// Files that are of no use: set aside, refused, gone.
#include <fcntl.h>

#include <fstream>

#include "tests/unit/history/history_fixture.h"

namespace portwatch::test {
namespace {

class HistoryFileTest : public HistoryTest {
 protected:
  void fill(int count) {
    for (int i = 0; i < count; ++i) {
      store_->push(failure(at(i), 80, std::string(500, 'x')));
    }
  }
  void write_file(const std::string& text) const {
    std::ofstream(options_.path, std::ios::trunc) << text;
  }
  // A database once, of which only the first bytes are left.
  static std::string damaged() {
    return std::string("SQLite format 3\0", 16) + std::string(10'000, 'g');
  }
  // A fresh one works, and the daemon is told to announce what there is.
  void expect_begun_anew(const std::string& why) {
    const auto notices = wait_for_notice(why);
    ASSERT_FALSE(notices.empty());
    EXPECT_TRUE(notices.back().announce);
    store_->push(taken("new", 80, at(1)));
    EXPECT_EQ(ids(), std::vector<std::string>({"new"}));
    EXPECT_EQ(store_->status().error, "");
  }
};

TEST_F(HistoryFileTest, DamagedFromTheStart_IsSetAside) {
  write_file(damaged());
  open();
  expect_begun_anew("damaged");
  const auto aside = files("history.db.damaged-");
  ASSERT_EQ(aside.size(), 1u);
  EXPECT_EQ(std::filesystem::file_size(directory_ / aside[0]), damaged().size());
}

// The path may be a slip of the pen.
TEST_F(HistoryFileTest, NoDatabase_IsRefusedAndStays) {
  const std::string precious = "precious\n" + std::string(5000, 'p');
  write_file(precious);
  const auto store = HistoryStore::open(options_, clock_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::invalid);
  EXPECT_NE(store.error().context.find("left alone"), std::string::npos);
  std::ifstream file(options_.path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), precious);
  EXPECT_EQ(files("history.db.damaged-").size(), 0u);
}

TEST_F(HistoryFileTest, Cut_IsSetAside) {
  open();
  fill(500);
  close();
  std::filesystem::resize_file(options_.path,
                               std::filesystem::file_size(options_.path) / 2);
  open();
  expect_begun_anew("damaged");
  EXPECT_EQ(files("history.db.damaged-").size(), 1u);
}

TEST_F(HistoryFileTest, DamagedInTheMiddle_IsSetAsideWhenItIsMet) {
  open();
  fill(2000);
  close();
  const auto size = std::filesystem::file_size(options_.path);
  {
    std::fstream file(options_.path, std::ios::in | std::ios::out);
    // The first pages say what the tables are.
    file.seekp(8 * 4096);
    file << std::string(size - 8 * 4096, 'g');
  }
  open();
  HistoryQuestion all;
  all.limit = kMaxHistoryRows;
  (void)store_->events({}, all);  // if the start did not meet it
  expect_begun_anew("damaged");
}

TEST_F(HistoryFileTest, Newer_IsSetAside) {
  open();
  fill(1);
  close();
  ASSERT_TRUE(look().run("PRAGMA user_version=2"));
  open();
  expect_begun_anew("newer portwatch");
  EXPECT_EQ(files("history.db.newer-").size(), 1u);
  EXPECT_EQ(files("history.db.damaged-").size(), 0u);
}

TEST_F(HistoryFileTest, SomebodyElses_IsRefusedAndStays) {
  write_file("");
  ASSERT_TRUE(look().run("CREATE TABLE bookmark (url TEXT)"));
  const auto store = HistoryStore::open(options_, clock_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::invalid);
  EXPECT_EQ(*look().integer("SELECT count(*) FROM bookmark"), 0);
}

TEST_F(HistoryFileTest, Deleted_IsMadeAgain) {
  open();
  store_->push(taken("old", 80, at(1)));
  EXPECT_EQ(ids().size(), 1u);
  std::filesystem::remove(options_.path);
  store_->push(failure(at(2), 80, "x"));
  expect_begun_anew("went away");
}

TEST_F(HistoryFileTest, SetAside_AreFew) {
  for (int i = 0; i < 5; ++i) {
    clock_.set(at(i));
    write_file(damaged());
    open();
    expect_begun_anew("damaged");
    close();
  }
  const auto aside = files("history.db.damaged-");
  EXPECT_EQ(aside.size(), 3u);
  for (const std::string& name : aside) {  // at(2) and later: 2001-09-09
    EXPECT_GE(name, "history.db.damaged-2001-09-09T014642");
  }
}

}  // namespace
}  // namespace portwatch::test
