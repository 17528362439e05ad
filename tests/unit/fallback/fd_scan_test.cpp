// A directory of links stands in for /proc: what the walk finds and passes over.
#include "fallback/fd_scan.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>

#include "tests/support/temp_dir.h"
#include "userspace/source/proc_dir.h"

namespace portwatch {
namespace {

namespace fs = std::filesystem;

class FdScanTest : public testing::Test {
 protected:
  FdScanTest() { add_fd(1, 0, "/dev/null"); }

  void add_fd(pid_t pid, int fd, const std::string& target) const {
    add_link(std::to_string(pid) + "/fd", fd, target);
  }
  void add_link(const std::string& directory, int fd,
                const std::string& target) const {
    fs::create_directories(root_ / directory);
    fs::create_symlink(target, root_ / directory / std::to_string(fd));
  }
  FdScan scan(WantedSockets wanted, ScanDepth depth = ScanDepth::processes) const {
    return scan_fds(wanted, depth, root_.string()).value();
  }

  const test::TempDir directory_;
  const fs::path root_ = directory_.path();
};

TEST_F(FdScanTest, WantedSockets_AreFoundInOrder) {
  add_fd(20, 7, "socket:[500]");
  add_fd(20, 3, "socket:[500]");
  add_fd(5, 3, "socket:[600]");
  add_fd(5, 4, "socket:[700]");
  const FdScan found = scan({false, {500, 600}});
  EXPECT_EQ(found.found,
            (std::vector<FoundFd>{{500, 20, 3}, {500, 20, 7}, {600, 5, 3}}));
  EXPECT_TRUE(found.refused.empty());
  EXPECT_FALSE(found.hidden);
}

TEST_F(FdScanTest, OtherLinksAndNames_ArePassedOver) {
  add_fd(20, 3, "pipe:[500]");
  add_fd(20, 4, "/tmp/socket:[500]");
  add_fd(20, 5, "anon_inode:[eventpoll]");
  add_fd(20, 6, std::string(300, 'x'));
  add_link("self/fd", 3, "socket:[500]");
  EXPECT_TRUE(scan({true, {}}).found.empty());
}

TEST_F(FdScanTest, ManyProcesses_AreAllRead) {
  for (pid_t pid = 2; pid <= 400; ++pid) {
    add_fd(pid, 3, "socket:[" + std::to_string(pid) + "]");
  }
  EXPECT_EQ(scan({true, {}}).found.size(), 399u);
  EXPECT_EQ(scan({false, {77, 400}}).found.size(), 2u);
}

TEST_F(FdScanTest, ProcessOneUnlisted_MeansThatProcessesAreHidden) {
  fs::remove_all(root_ / "1");
  add_fd(20, 3, "socket:[500]");
  EXPECT_TRUE(scan({true, {}}).hidden);
}

TEST_F(FdScanTest, NoDirectory_IsAnError) {
  EXPECT_FALSE(scan_fds({true, {}}, ScanDepth::processes, "/nonexistent"));
}

TEST(SocketInodeOfLink, OnlyWholeSocketLinks) {
  const auto inode = [](std::string_view text) {
    return socket_inode_of_link(text.data(), text.size());
  };
  EXPECT_EQ(inode("socket:[12345]"), 12345u);
  EXPECT_EQ(inode("socket:[4294967296]"), 4294967296u);
  for (const char* text : {"", "socket:[", "socket:[]", "socket:[1", "socket:[1]x",
                           "socket:[-1]", "socket:[ 1]", "socket:[1x]", "pipe:[1]",
                           "socket:[99999999999999999999999]"}) {
    EXPECT_EQ(inode(text), 0u) << text;
  }
}

}  // namespace
}  // namespace portwatch
