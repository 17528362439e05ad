#include "userspace/base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace portwatch {
namespace {

int open_null() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

bool is_open(int fd) { return fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFd, Default_HoldsNothing) { EXPECT_FALSE(UniqueFd().valid()); }

TEST(UniqueFd, EndOfScope_Closes) {
  const int number = open_null();
  {
    const UniqueFd fd(number);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, MoveAssignment_ClosesWhatItHeldFirst) {
  const int old_number = open_null();
  UniqueFd fd(old_number);
  UniqueFd other(open_null());
  const int new_number = other.get();
  fd = std::move(other);
  EXPECT_FALSE(is_open(old_number));
  EXPECT_EQ(fd.get(), new_number);
  EXPECT_TRUE(is_open(new_number));
}

TEST(UniqueFd, Move_LeavesNothingBehind) {
  UniqueFd first(open_null());
  const UniqueFd second(std::move(first));
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): the point
  EXPECT_TRUE(second.valid());
}

TEST(UniqueFd, Release_LeavesTheDescriptorOpen) {
  UniqueFd fd(open_null());
  const int number = fd.release();
  EXPECT_FALSE(fd.valid());
  EXPECT_TRUE(is_open(number));
  close(number);
}

}  // namespace
}  // namespace portwatch
