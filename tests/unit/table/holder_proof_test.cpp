#include "userspace/table/holder_proof.h"

#include <gtest/gtest.h>

namespace portwatch {
namespace {

HolderFacts holder(pid_t pid, std::uint64_t files, int fd, std::uint32_t references,
                   std::uint32_t waiters = 0) {
  HolderFacts one;
  one.socket.id = 1;
  one.task.id = {pid, 1};
  one.slot.files = files;
  one.slot.fd = fd;
  one.references = references;
  one.waiters = waiters;
  return one;
}

SocketHolders grouped(const std::vector<HolderFacts>& found) {
  const auto groups = group_by_socket(found);
  EXPECT_EQ(groups.size(), 1u);
  return groups.at(0);
}

TEST(HolderProof, OneSlotOneReference_Proven) {
  EXPECT_TRUE(grouped({holder(10, 0xa, 3, 1)}).proven());
}

TEST(HolderProof, ReferenceWithoutASlot_NotProven) {
  EXPECT_FALSE(grouped({holder(10, 0xa, 3, 2)}).proven());
}

TEST(HolderProof, SharedDescriptorTable_IsOneSlotForTwoProcesses) {
  const auto found = grouped({holder(10, 0xa, 3, 2), holder(11, 0xa, 3, 2)});
  EXPECT_EQ(found.holders.size(), 2u);
  EXPECT_EQ(found.slots, 1u);
  EXPECT_FALSE(found.proven());
}

// CLONE_FILES: three tasks use the table, one process has two of them as threads.
TEST(HolderProof, SharerThatWasNotFound_NotProven) {
  HolderFacts one = holder(10, 0xa, 3, 1);
  one.sharers = 3;
  one.threads = 2;
  EXPECT_FALSE(grouped({one}).proven());
  HolderFacts sibling = one;
  sibling.task.id = {11, 1};
  sibling.threads = 1;
  EXPECT_TRUE(grouped({one, sibling}).proven());
}

TEST(HolderProof, TwoDescriptorsOfOneTable_ThreadsCountOnce) {
  HolderFacts one = holder(10, 0xa, 3, 2);
  one.sharers = 2;
  one.threads = 1;
  HolderFacts other = one;
  other.slot.fd = 4;
  EXPECT_FALSE(grouped({one, other}).proven());
}

TEST(HolderProof, ForkedCopies_AreTwoSlots) {
  EXPECT_TRUE(grouped({holder(10, 0xa, 3, 2), holder(11, 0xb, 3, 2)}).proven());
}

TEST(HolderProof, WaiterExplainsAReference) {
  EXPECT_TRUE(grouped({holder(10, 0xa, 3, 2, 1)}).proven());
}

TEST(HolderProof, ReferencesGrewWhileLooking_TheLargerCounts) {
  EXPECT_FALSE(grouped({holder(10, 0xa, 3, 2), holder(11, 0xb, 4, 3)}).proven());
}

TEST(HolderProof, WaiterLeftWhileLooking_TheSmallerCounts) {
  EXPECT_FALSE(
      grouped({holder(10, 0xa, 3, 3, 1), holder(11, 0xb, 3, 3, 0)}).proven());
}

TEST(HolderProof, Numbers_AscendingAndDistinct) {
  const auto found = grouped(
      {holder(10, 0xa, 9, 2), holder(10, 0xa, 3, 2), holder(10, 0xa, 9, 2)});
  EXPECT_EQ(found.holders.at({10, 1}).fds, (std::vector<int>{3, 9}));
}

TEST(HolderProof, Untracked_GroupedByInode) {
  HolderFacts one = holder(10, 0xa, 3, 1);
  one.socket.id = 0;
  one.socket.inode = 5;
  HolderFacts two = one;
  two.socket.inode = 6;
  EXPECT_EQ(group_by_socket(std::vector{one, two}).size(), 2u);
}

}  // namespace
}  // namespace portwatch
