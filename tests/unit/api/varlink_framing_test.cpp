#include "userspace/api/varlink_framing.h"

#include <gtest/gtest.h>

#include <vector>

namespace portwatch {
namespace {

using namespace std::string_view_literals;

std::vector<std::string> messages_of(VarlinkFraming& framing) {
  std::vector<std::string> messages;
  while (const auto message = framing.next()) {
    messages.emplace_back(*message);
  }
  return messages;
}

TEST(VarlinkFraming, SeveralMessagesAtOnce_ComeInOrder) {
  VarlinkFraming framing(10);
  framing.append("one\0two\0\0thr"sv);
  EXPECT_EQ(messages_of(framing), (std::vector<std::string>{"one", "two", ""}));
  EXPECT_TRUE(framing.partial());
}

TEST(VarlinkFraming, ByteByByte_GivesTheSame) {
  VarlinkFraming framing(10);
  std::vector<std::string> messages;
  for (const char byte : "one\0two\0"sv) {
    framing.append({&byte, 1});
    for (auto& message : messages_of(framing)) {
      messages.push_back(std::move(message));
    }
  }
  EXPECT_EQ(messages, (std::vector<std::string>{"one", "two"}));
  EXPECT_FALSE(framing.partial());
}

TEST(VarlinkFraming, AtTheLimit_IsTakenAndOneMoreIsNot) {
  VarlinkFraming at(3);
  at.append("abc\0"sv);
  EXPECT_FALSE(at.too_long());
  EXPECT_EQ(at.next(), "abc");
  VarlinkFraming above(3);
  above.append("abcd"sv);
  EXPECT_TRUE(above.too_long());
  above.append("\0"sv);
  EXPECT_TRUE(above.too_long());
  EXPECT_EQ(above.next(), std::nullopt);
}

TEST(VarlinkFraming, LongMessageBehindAGoodOne_IsFoundOut) {
  VarlinkFraming framing(3);
  framing.append("ab\0abcdef\0"sv);
  EXPECT_FALSE(framing.too_long());
  EXPECT_EQ(framing.next(), "ab");
  EXPECT_TRUE(framing.too_long());
}

TEST(VarlinkFraming, ReleasedMemory_LosesNothing) {
  VarlinkFraming framing(10);
  framing.append("one\0tw"sv);
  EXPECT_EQ(framing.next(), "one");
  framing.release_memory();
  framing.append("o\0"sv);
  EXPECT_EQ(framing.next(), "two");
  framing.release_memory();
  framing.append("three\0"sv);
  EXPECT_EQ(framing.next(), "three");
}

}  // namespace
}  // namespace portwatch
