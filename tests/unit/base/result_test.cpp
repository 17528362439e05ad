#include "userspace/base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace portwatch {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) {
    return Error{Errc::invalid, "odd"};
  }
  return number / 2;
}

TEST(Result, Value_IsGivenBack) {
  const auto result = half(8);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result, 4);
}

TEST(Result, Error_KeepsCodeAndContext) {
  const auto result = half(7);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::invalid);
  EXPECT_EQ(result.error().context, "odd");
}

TEST(Result, ValueOfAnError_Throws) {
  const auto result = half(7);
  EXPECT_THROW(static_cast<void>(result.value()), std::bad_variant_access);
}

TEST(Result, MoveOnlyValue_CanBeTakenOut) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(3));
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 3);
}

TEST(Result, Void_IsOkUntilAnError) {
  const Result<void> good;
  const Result<void> bad = Error{Errc::busy, "held"};
  EXPECT_TRUE(good.ok());
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, Errc::busy);
}

TEST(Error, ContextGrowsOnTheWayUp) {
  const Error error = add_context({Errc::not_found, "no such file"}, "open /x");
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_EQ(error.context, "open /x: no such file");
}

TEST(Error, ErrnoBecomesCodeAndText) {
  const Error refused = errno_error(EACCES, "open /x");
  EXPECT_EQ(refused.code, Errc::not_permitted);
  EXPECT_EQ(refused.context, "open /x: Permission denied");
  EXPECT_EQ(errno_error(EPERM, "").code, Errc::not_permitted);
  EXPECT_EQ(errno_error(ESRCH, "").code, Errc::not_found);
  EXPECT_EQ(errno_error(ENOSYS, "").code, Errc::not_supported);
  EXPECT_EQ(errno_error(EADDRINUSE, "").code, Errc::busy);
  EXPECT_EQ(errno_error(ENOSPC, "").code, Errc::io);
}

}  // namespace
}  // namespace portwatch
