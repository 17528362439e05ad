#include "userspace/detector/recent_map.h"

#include <gtest/gtest.h>

#include <string>

namespace portwatch {
namespace {

TEST(RecentMap, Full_OldestGoes) {
  RecentMap<int, std::string> map(2);
  map.touch(1) = "one";
  map.touch(2) = "two";
  map.touch(1);
  map.touch(3) = "three";
  EXPECT_EQ(map.size(), 2u);
  EXPECT_EQ(map.find(2), nullptr);
  ASSERT_NE(map.find(1), nullptr);
  EXPECT_EQ(*map.find(1), "one");
}

TEST(RecentMap, Find_LeavesTheAge) {
  RecentMap<int, int> map(2);
  map.touch(1);
  map.touch(2);
  map.find(1);
  map.touch(3);
  EXPECT_EQ(map.find(1), nullptr);
}

TEST(RecentMap, Oldest_IsErasedByItsOwnKey) {
  RecentMap<std::string, int> map(3);
  map.touch("a");
  map.touch("b");
  map.erase(map.oldest()->first);
  ASSERT_NE(map.oldest(), nullptr);
  EXPECT_EQ(map.oldest()->first, "b");
  map.erase("b");
  EXPECT_EQ(map.oldest(), nullptr);
}

TEST(RecentMap, KeysFrom_AreInOrderAndEndWhereTheyDoNotBelong) {
  RecentMap<int, int> map(10);
  for (const int key : {7, 12, 10, 19, 20}) {
    map.touch(key);
  }
  EXPECT_EQ(map.keys_from(10, [](int key) { return key < 20; }),
            (std::vector<int>{10, 12, 19}));
}

TEST(RecentMap, SizeOfNought_IsOne) {
  RecentMap<int, int> map(0);
  map.touch(1) = 4;
  map.touch(2) = 5;
  EXPECT_EQ(map.size(), 1u);
  EXPECT_EQ(*map.find(2), 5);
}

}  // namespace
}  // namespace portwatch
