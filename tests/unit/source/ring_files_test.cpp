#include "userspace/source/ring_files.h"

#include <gtest/gtest.h>

namespace portwatch {
namespace {

// As Linux 6.18 writes it, cut in the middle.
constexpr std::string_view kFdinfo =
    "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t2447958\nSqMask:\t0x7\n"
    "SQEs:\t0\nUserFiles:\t3\n    0: socket:[2447959]\n    2: /dev/null\n"
    "   12: socket:[7]\nUserBufs:\t0\nPollList:\n  op=6, task_works=0\n";

TEST(RingFdinfo, SocketsAmongTheFixedFiles_AreReadWithTheirSlots) {
  const RingFacts ring = parse_ring_fdinfo(kFdinfo);
  EXPECT_EQ(ring.inode, 2447958u);
  EXPECT_EQ(ring.sockets,
            (std::vector<std::pair<int, std::uint64_t>>{{0, 2447959}, {12, 7}}));
}

TEST(RingFdinfo, NoRing_Nothing) {
  EXPECT_TRUE(parse_ring_fdinfo("").sockets.empty());
  EXPECT_TRUE(parse_ring_fdinfo("pos:\t0\n    0: socket:[1]\n").sockets.empty());
  EXPECT_TRUE(
      parse_ring_fdinfo("UserFiles:\t1\n    x: socket:[\n").sockets.empty());
}

}  // namespace
}  // namespace portwatch
