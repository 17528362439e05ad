#include "userspace/source/loss_counter.h"

#include <gtest/gtest.h>

namespace portwatch {
namespace {

TEST(LossCounter, UnbrokenSequences_NothingLost) {
  LossCounter loss;
  loss.note(0, 1);
  loss.note(1, 1);
  loss.note(0, 2);
  EXPECT_EQ(loss.settle(0), 0u);
  EXPECT_EQ(loss.settle(0), 0u);
}

TEST(LossCounter, HoleThatStays_CountsOnTheSecondLookOnce) {
  LossCounter loss;
  loss.note(0, 1);
  loss.note(0, 4);
  EXPECT_EQ(loss.settle(0), 0u);
  EXPECT_EQ(loss.settle(0), 2u);
  EXPECT_EQ(loss.settle(0), 0u);
}

TEST(LossCounter, HoleThatIsFilled_NothingLost) {
  LossCounter loss;
  loss.note(0, 2);
  EXPECT_EQ(loss.settle(0), 0u);
  loss.note(0, 1);
  EXPECT_EQ(loss.settle(0), 0u);
  EXPECT_EQ(loss.settle(0), 0u);
}

TEST(LossCounter, DropsAtTheEndOfABurst_CountWithoutAHole) {
  LossCounter loss;
  loss.note(0, 1);
  EXPECT_EQ(loss.settle(5), 5u);
  EXPECT_EQ(loss.settle(5), 0u);
}

TEST(LossCounter, DropsAndTheirHoles_CountOnce) {
  LossCounter loss;
  loss.note(0, 1);
  EXPECT_EQ(loss.settle(2), 2u);
  loss.note(0, 4);
  EXPECT_EQ(loss.settle(2), 0u);
  EXPECT_EQ(loss.settle(2), 0u);
  EXPECT_EQ(loss.settle(3), 1u);
}

TEST(LossCounter, BelievedHoleIsFilled_TheNextDropIsNotHidden) {
  LossCounter loss;
  loss.note(0, 1);
  loss.note(0, 3);
  EXPECT_EQ(loss.settle(0), 0u);
  EXPECT_EQ(loss.settle(0), 1u);
  loss.note(0, 2);  // it was only late
  loss.note(0, 5);
  EXPECT_EQ(loss.settle(1), 1u);
  EXPECT_EQ(loss.settle(1), 0u);
}

TEST(LossCounter, HoleWithoutADropAfterDrops_CountsOnce) {
  LossCounter loss;
  loss.note(0, 1);
  loss.note(0, 4);
  EXPECT_EQ(loss.settle(2), 2u);
  loss.note(0, 6);
  EXPECT_EQ(loss.settle(2), 0u);
  EXPECT_EQ(loss.settle(2), 1u);
  EXPECT_EQ(loss.settle(2), 0u);
}

}  // namespace
}  // namespace portwatch
