#include "userspace/api/varlink_message.h"

#include <gtest/gtest.h>

namespace portwatch {
namespace {

std::string nested(std::size_t depth) {
  return R"({"method":"a.B","parameters":{"x":)" + std::string(depth - 2, '[') +
         std::string(depth - 2, ']') + "}}";
}

std::string fault_of(std::string_view message) {
  const Result<VarlinkCall> call = parse_call(message);
  return call ? "" : call.error().context;
}

TEST(VarlinkCall, AllParts_AreRead) {
  const auto call = parse_call(
      R"({"method":"a.B","parameters":{"x":1},"more":true,"oneway":false})");
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(call->method, "a.B");
  EXPECT_EQ(call->parameters["x"], 1);
  EXPECT_TRUE(call->more);
  EXPECT_FALSE(call->oneway);
}

TEST(VarlinkCall, NoOrNullParameters_AreAnEmptyObject) {
  EXPECT_EQ(parse_call(R"({"method":"a.B"})")->parameters,
            nlohmann::json::object());
  EXPECT_EQ(parse_call(R"({"method":"a.B","parameters":null})")->parameters,
            nlohmann::json::object());
}

TEST(VarlinkCall, Rubbish_IsRefused) {
  for (const char* text :
       {"", "x", "3", "null", "[]", "{", "{}x", R"({"method":"a"} {})",
        R"({"method":"a)", "{\"method\":\"\xFF\"}", R"({"method":1e999})",
        R"({"method":"a",})", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(fault_of(text), "message") << text;
  }
}

TEST(VarlinkCall, WrongTypes_AreNamed) {
  EXPECT_EQ(fault_of(R"({})"), "method");
  EXPECT_EQ(fault_of(R"({"method":3})"), "method");
  EXPECT_EQ(fault_of(R"({"method":"a.B","parameters":[]})"), "parameters");
  EXPECT_EQ(fault_of(R"({"method":"a.B","more":1})"), "more");
  EXPECT_EQ(fault_of(R"({"method":"a.B","oneway":"yes"})"), "oneway");
  EXPECT_EQ(fault_of(R"({"method":"a.B","upgrade":true})"), "upgrade");
}

TEST(VarlinkCall, Nesting_EndsAtTheLimit) {
  EXPECT_EQ(fault_of(nested(kMaxNesting)), "");
  EXPECT_EQ(fault_of(nested(kMaxNesting + 1)), "message");
  EXPECT_EQ(fault_of(std::string(100000, '[')), "message");
  EXPECT_EQ(fault_of(nested(100000)), "message");
}

TEST(VarlinkCall, BracketsInStrings_AreNoNesting) {
  EXPECT_EQ(fault_of(R"({"method":"a.\")" + std::string(200, '[') + R"("})"), "");
}

TEST(VarlinkReply, AllParts_AreRead) {
  const auto reply = parse_reply(R"({"parameters":{"a":1},"continues":true})");
  ASSERT_TRUE(reply.ok());
  EXPECT_TRUE(reply->continues);
  EXPECT_EQ(reply->error, "");
  EXPECT_EQ(parse_reply(R"({"error":"x.Y"})")->error, "x.Y");
}

TEST(VarlinkReply, WrongTypes_AreRefused) {
  for (const char* text :
       {"", "7", R"({"error":3})", R"({"error":""})", R"({"parameters":"x"})",
        R"({"continues":"no"})", "{\"parameters\":{}}{}"}) {
    EXPECT_FALSE(parse_reply(text).ok()) << text;
  }
}

TEST(VarlinkMessage, WhatIsWritten_CanBeRead) {
  std::string text = error_message("x.Y", {{"name", "\xFF"}});
  ASSERT_EQ(text.back(), '\0');
  text.pop_back();
  EXPECT_EQ(parse_reply(text)->error, "x.Y");
  text = reply_message("{\"a\":1}");
  text.pop_back();
  EXPECT_EQ(text, "{\"parameters\":{\"a\":1}}");
  text = call_message("a.B", "{}", true);
  text.pop_back();
  EXPECT_TRUE(parse_call(text)->more);
}

}  // namespace
}  // namespace portwatch
