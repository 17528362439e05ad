#include "fallback/socket_record.h"

#include <gtest/gtest.h>

namespace portwatch {
namespace {

SocketRecord record(std::uint64_t inode, Port remote_port) {
  SocketRecord made;
  made.local.address = {127, 0, 0, 1};
  made.local.port = 80;
  made.remote = {10, 0, 0, 1};
  made.remote_port = remote_port;
  made.inode = inode;
  return made;
}

TEST(SocketId, WithInode_IsNamespaceAndInode) {
  EXPECT_EQ(socket_id(record(77, 1), 4026531840), "4026531840-77");
}

TEST(SocketId, WithoutInode_TellsBothEnds) {
  EXPECT_EQ(socket_id(record(0, 5), 1), "1-0-tcp-127.0.0.1:80-10.0.0.1:5-0");
  EXPECT_NE(socket_id(record(0, 5), 1), socket_id(record(0, 6), 1));
}

TEST(SocketState, NumbersOutsideOfTheKernels_AreNothing) {
  EXPECT_FALSE(socket_state(0));
  EXPECT_FALSE(socket_state(-1));
  EXPECT_FALSE(socket_state(14));
  EXPECT_FALSE(socket_state(255));
  EXPECT_EQ(socket_state(13), SocketState::bound);
  EXPECT_EQ(socket_state(11), SocketState::closing);
}

}  // namespace
}  // namespace portwatch
