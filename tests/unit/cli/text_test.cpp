#include "cli/text.h"

#include <gtest/gtest.h>

namespace portwatch::cli {
namespace {

TEST(Text, ControlCharacters_AreEscaped) {
  EXPECT_EQ(escape("plain text"), "plain text");
  EXPECT_EQ(escape("\x1b[2Jgone"), "\\x1b[2Jgone");
  EXPECT_EQ(escape("a\tb\nc\rd\x7f"), "a\\tb\\nc\\rd\\x7f");
  EXPECT_EQ(escape(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(escape("\xc2\x9b"
                   "31m"),
            "\\x9b31m")
      << "CSI as one C1 character";
}

TEST(Text, Utf8_StaysButNotWhatMisleads) {
  EXPECT_EQ(escape("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7"),
            "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7");
  EXPECT_EQ(escape("a\xe2\x80\xae"
                   "b"),
            "a\\u202eb");
  EXPECT_EQ(escape("a\xe2\x80\x8b"
                   "b"),
            "a\\u200bb");
}

TEST(Text, BytesThatAreNoUtf8_AreEscaped) {
  EXPECT_EQ(escape("\xff"), "\\xff");
  EXPECT_EQ(escape("\xc3"), "\\xc3") << "cut short";
  EXPECT_EQ(escape("\xc0\x80"), "\\xc0\\x80") << "overlong";
  EXPECT_EQ(escape("\xe0\x80\x80"), "\\xe0\\x80\\x80") << "overlong";
  EXPECT_EQ(escape("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "surrogate";
  EXPECT_EQ(escape("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "too large";
}

TEST(Text, CommandLine_CanBeReadBack) {
  EXPECT_EQ(command_line({"sh", "-c", "echo $HOME"}), "sh -c 'echo $HOME'");
  EXPECT_EQ(command_line({"a", "", "it's"}), "a '' 'it'\\''s'");
  EXPECT_EQ(command_line({"a", "b\nc"}), "a 'b\\nc'");
  EXPECT_EQ(command_line({}), "");
}

TEST(Text, TitleOfAProcess_IsNotQuoted) {
  EXPECT_EQ(command_line({"nginx: master process"}), "nginx: master process");
}

TEST(Text, Cut_KeepsWholeCharacters) {
  EXPECT_EQ(cut("abcdef", 0), "abcdef");
  EXPECT_EQ(cut("abcdef", 6), "abcdef");
  EXPECT_EQ(cut("abcdefg", 6), "abc...");
  EXPECT_EQ(cut("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 4), "\xc3\xa9...");
  EXPECT_EQ(cut("abcdef", 2), "..");
}

TEST(Text, Cut_MegabytesTakeNoTime) {
  EXPECT_EQ(cut(std::string(8 << 20, 'x'), 80).size(), 80u);
}

TEST(Text, Pad_CountsCharacters) {
  EXPECT_EQ(pad("\xc3\xa9", 3), "\xc3\xa9  ");
  EXPECT_EQ(pad("abcd", 3), "abcd");
}

TEST(Text, JoinWords_AsPeopleWrite) {
  EXPECT_EQ(join_words({}), "");
  EXPECT_EQ(join_words({"a"}), "a");
  EXPECT_EQ(join_words({"a", "b"}), "a and b");
  EXPECT_EQ(join_words({"a", "b", "c"}), "a, b and c");
}

}  // namespace
}  // namespace portwatch::cli
