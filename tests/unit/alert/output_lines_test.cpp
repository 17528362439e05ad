#include "userspace/alert/output_lines.h"

#include <gtest/gtest.h>

#include <vector>

namespace portwatch {
namespace {

class OutputLinesTest : public testing::Test {
 protected:
  std::vector<std::string> seen_;
  OutputLines lines_{[this](const std::string& line) { seen_.push_back(line); }};
};

TEST_F(OutputLinesTest, Pieces_BecomeLines) {
  lines_.feed("a");
  lines_.feed("b\n\nc\x1b\nd");
  EXPECT_EQ(seen_, (std::vector<std::string>{"ab", "c?"}));
  lines_.end();
  EXPECT_EQ(seen_.back(), "d");
}

TEST_F(OutputLinesTest, LongLine_IsCut) {
  const std::string piece(5000, 'x');
  lines_.feed(piece);
  lines_.feed(piece);
  lines_.feed(piece + "\nnext\n");
  ASSERT_EQ(seen_.size(), 2u);
  EXPECT_EQ(seen_[0], std::string(OutputLines::kMaxLine, 'x') + "...");
  EXPECT_EQ(seen_[1], "next");
}

TEST_F(OutputLinesTest, TooMuch_SaysSoOnceAndDropsTheRest) {
  const std::string line(4096, 'x');
  for (int i = 0; i < 100; ++i) {
    lines_.feed(line + "\n");
  }
  lines_.end();
  ASSERT_EQ(seen_.size(), OutputLines::kMaxBytes / line.size() + 1);
  EXPECT_EQ(seen_.back(), "(the rest of the output is discarded)");
}

TEST_F(OutputLinesTest, ShortLines_AreBoundedInNumber) {
  for (int i = 0; i < 5000; ++i) {
    lines_.feed("x\n");
  }
  EXPECT_EQ(seen_.size(), 1025u);
}

TEST_F(OutputLinesTest, ExactlyALine_IsNotCut) {
  lines_.feed(std::string(OutputLines::kMaxLine, 'x') + "\n");
  EXPECT_EQ(seen_.front().size(), OutputLines::kMaxLine);
}

}  // namespace
}  // namespace portwatch
