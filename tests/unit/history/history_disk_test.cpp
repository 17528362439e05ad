// A disk that is full: history is lost, nothing else is, and it goes on later.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <system_error>

#include "tests/unit/history/history_fixture.h"

namespace portwatch::test {
namespace {

// A file system of 4 MiB that only this process sees.
class HistoryDiskTest : public HistoryTest {
 protected:
  HistoryDiskTest() {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, "size=4m") != 0) {
      throw std::system_error(errno, std::generic_category(), "tmpfs");
    }
  }
  ~HistoryDiskTest() override {
    close();
    umount2(directory_.path().c_str(), MNT_DETACH);
  }

  void fill_disk() const {
    const UniqueFd file(creat((directory_ / "ballast").c_str(), 0600));
    const std::string bytes(4096, 'b');
    while (write(file.get(), bytes.data(), bytes.size()) > 0) {
    }
  }
  void free_disk() const { std::filesystem::remove(directory_ / "ballast"); }
};

TEST_F(HistoryDiskTest, Full_RowsWaitThenAreLostAndItGoesOn) {
  options_.queue_rows = 100;
  open();
  store_->push(taken("before", 80, at(1)));
  EXPECT_EQ(ids().size(), 1u);
  fill_disk();
  const std::string large(8000, 'x');
  for (int i = 0; i < 150; ++i) {
    store_->push(failure(at(i), 80, large));
  }
  store_->push(released("before", 80, at(1), at(2)));
  wait_for_notice("not written");
  EXPECT_NE(store_->status().error.find("full"), std::string::npos)
      << store_->status().error;
  EXPECT_GE(store_->status().lost, 1u);
  EXPECT_EQ(ids().size(), 1u);  // what is there can be read

  free_disk();
  store_->push(taken("after", 81, at(3)));  // lost or not, it is an attempt
  const auto notices = wait_for_notice("were lost");
  EXPECT_TRUE(notices.back().announce);
  EXPECT_EQ(store_->status().error, "");
  // As the notice asks.
  store_->push(taken("after", 81, at(3)));
  clock_.set(at(9));
  store_->push(LiveBindings{{"after"}});
  const auto found = bindings();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].until, at(9));
  EXPECT_FALSE(found[0].end_known);
  EXPECT_EQ(found[1].until, std::nullopt);
  close();
  EXPECT_EQ(integrity(), "ok");
}

TEST_F(HistoryDiskTest, FullForAMoment_LosesNothing) {
  open();
  EXPECT_EQ(ids().size(), 0u);
  fill_disk();
  for (int i = 0; i < 20; ++i) {
    store_->push(failure(at(i), 80, std::string(8000, 'x')));
  }
  wait_for_notice("not written");
  free_disk();
  EXPECT_EQ(events().size(), 20u);
  EXPECT_EQ(store_->status().lost, 0u);
  wait_for_notice("written again");
}

TEST_F(HistoryDiskTest, FullAtTheStart_BeginsWhenThereIsSpace) {
  fill_disk();
  open();
  EXPECT_NE(store_->status().error, "");
  EXPECT_FALSE(store_->bindings({}));
  free_disk();
  store_->push(taken("1", 80, at(1)));
  EXPECT_EQ(ids().size(), 1u);
  EXPECT_EQ(store_->status().error, "");
}

}  // namespace
}  // namespace portwatch::test
