#include "userspace/model/process.h"

#include <gtest/gtest.h>

namespace portwatch {
namespace {

using Arguments = std::vector<std::string>;

Process with(Arguments arguments) {
  Process process;
  process.cmdline = std::move(arguments);
  cut_arguments(process, 10);
  return process;
}

TEST(CutArguments, ThatFit_AreLeftAlone) {
  const Process process = with({"server", "-v"});
  EXPECT_EQ(process.cmdline, (Arguments{"server", "-v"}));
  EXPECT_FALSE(process.cmdline_cut.has_value());
}

TEST(CutArguments, TooMany_TheFirstWholeOnesStayAndItIsSaid) {
  const Process process = with({"server", "-v", "--port=1"});
  EXPECT_EQ(process.cmdline, (Arguments{"server", "-v"}));
  EXPECT_EQ(process.cmdline_cut, true);
}

TEST(CutArguments, FirstIsTooLong_NoneIsLeft) {
  const Process process = with({"a-very-long-name", "-v"});
  EXPECT_EQ(process.cmdline, Arguments{});
  EXPECT_EQ(process.cmdline_cut, true);
}

TEST(CutArguments, NotKnown_StaysNotKnown) {
  Process process;
  cut_arguments(process, 10);
  EXPECT_FALSE(process.cmdline.has_value());
  EXPECT_FALSE(process.cmdline_cut.has_value());
}

}  // namespace
}  // namespace portwatch
