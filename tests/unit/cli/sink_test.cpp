#include "cli/sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "userspace/base/unique_fd.h"

namespace portwatch::cli {
namespace {

TEST(FdSink, Text_ArrivesWhole) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  ASSERT_TRUE(FdSink(writer.get()).write("hello\n"));
  char text[16] = "";
  EXPECT_EQ(read(reader.get(), text, sizeof text), 6);
  EXPECT_STREQ(text, "hello\n");
}

TEST(FdSink, ReaderGone_ClosedWhenTheSignalIsIgnored) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  reader.reset();
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const auto written = FdSink(writer.get()).write("hello\n");
  std::signal(SIGPIPE, before);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::closed);
}

TEST(FdSink, DiskFull_IsAnIoError) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full.valid());
  const auto written = FdSink(full.get()).write("hello\n");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::io);
  EXPECT_EQ(written.error().context, "write: No space left on device");
}

}  // namespace
}  // namespace portwatch::cli
