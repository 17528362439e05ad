#include "userspace/history/merge_lives.h"

#include <gtest/gtest.h>

#include "tests/unit/history/history_fixture.h"

namespace portwatch {
namespace {

using test::at;
using test::released;
using test::taken;
using Rows = std::vector<HistoryRow>;

const BindingTaken& taking(const HistoryRow& row) {
  return std::get<BindingTaken>(row);
}
const BindingReleased& release(const HistoryRow& row) {
  return std::get<BindingReleased>(row);
}

BindingTaken listening(const std::string& id, Port port, WallTime since) {
  BindingTaken row = taken(id, port, since);
  row.binding.state = SocketState::listening;
  return row;
}

TEST(MergeLives, TakenListenedReleased_IsOneRowOfWhatWasTakenLast) {
  Rows rows = {taken("1", 80, at(1)), listening("1", 80, at(1)),
               released("1", 80, at(1), at(3))};
  EXPECT_EQ(merge_lives(rows).rows, 2u);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_TRUE(release(rows[0]).taken);
  EXPECT_EQ(release(rows[0]).until, at(3));
  EXPECT_EQ(release(rows[0]).binding.state, SocketState::listening);
  EXPECT_EQ(release(rows[0]).binding.since, at(1));
}

TEST(MergeLives, StillOpen_StaysTakenWhereItWasTaken) {
  Rows rows = {taken("1", 80, at(1)), taken("2", 81, at(2)),
               listening("1", 80, at(5))};
  merge_lives(rows);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(taking(rows[0]).binding.id, "1");
  EXPECT_EQ(taking(rows[0]).binding.state, SocketState::listening);
  EXPECT_EQ(taking(rows[0]).binding.since, at(1));
  EXPECT_EQ(taking(rows[1]).binding.id, "2");
}

TEST(MergeLives, ReleaseOfWhatIsOlder_StaysAsItIs) {
  Rows rows = {released("1", 80, at(1), at(3))};
  EXPECT_EQ(merge_lives(rows).rows, 0u);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_FALSE(release(rows[0]).taken);
}

TEST(MergeLives, IdThatIsUsedAgain_IsTwoLives) {
  Rows rows = {taken("9-1", 80, at(1)), released("9-1", 80, at(1), at(2)),
               taken("9-1", 80, at(3)), released("9-1", 80, at(3), at(4))};
  merge_lives(rows);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(release(rows[0]).until, at(2));
  EXPECT_EQ(release(rows[1]).until, at(4));
  EXPECT_EQ(release(rows[1]).binding.since, at(3));
}

TEST(MergeLives, FoundToExist_LeavesWhatIsKnown) {
  BindingTaken found = listening("1", 80, at(1));
  found.existing = true;
  Rows rows = {taken("1", 80, at(1)), found};
  merge_lives(rows);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(taking(rows[0]).binding.state, SocketState::bound);
}

TEST(MergeLives, BeginningThatIsNotKnown_KeepsItsRow) {
  BindingTaken seen{test::row_of("1", 80, std::nullopt), at(5), false};
  Rows rows = {seen, BindingReleased{test::row_of("1", 80, std::nullopt), at(9)}};
  EXPECT_EQ(merge_lives(rows).rows, 0u);
  EXPECT_EQ(rows.size(), 2u);
}

TEST(MergeLives, ListOfAll_IsComparedWithWhatCameBeforeIt) {
  Rows rows = {taken("1", 80, at(1)), LiveBindings{{"1"}},
               released("1", 80, at(1), at(3))};
  EXPECT_EQ(merge_lives(rows).rows, 0u);
  EXPECT_EQ(rows.size(), 3u);
}

TEST(MergeLives, WhatIsFreed_IsWhatTheRowsTook) {
  Rows rows = {taken("1", 80, at(1)), test::failure(at(2), 80, "a document"),
               released("1", 80, at(1), at(3))};
  const auto sum = [&rows] {
    std::size_t bytes = 0;
    for (const HistoryRow& row : rows) {
      bytes += size_of(row);
    }
    return bytes;
  };
  const std::size_t before = sum();
  const Freed freed = merge_lives(rows);
  EXPECT_EQ(freed.rows, 1u);
  EXPECT_EQ(freed.bytes, before - sum());
}

}  // namespace
}  // namespace portwatch
