// The real doors: sockets that are no daemon, and our own ancestors.
#include "cli/backends.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/temp_dir.h"
#include "userspace/base/unique_fd.h"
#include "userspace/source/process_reader.h"

namespace portwatch::cli {
namespace {

using std::chrono::milliseconds;

class SystemBackendsTest : public ::testing::Test {
 protected:
  UniqueFd listen_there() const {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(
        bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
        0);
    EXPECT_EQ(listen(socket.get(), 4), 0);
    return socket;
  }

  SystemClock clock_;
  SystemBackends backends_{clock_, {}};
  const test::TempDir directory_;
  const std::string path_ = directory_ / "s";
};

TEST_F(SystemBackendsTest, NoSocket_NotFound) {
  const auto daemon = backends_.connect(path_, milliseconds(100));
  ASSERT_FALSE(daemon);
  EXPECT_EQ(daemon.error().code, Errc::not_found);
}

TEST_F(SystemBackendsTest, SilentDaemon_TimesOut) {
  const UniqueFd listener = listen_there();
  const auto daemon = backends_.connect(path_, milliseconds(50));
  ASSERT_TRUE(daemon);
  const auto answer = daemon.value()->ask(Question());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::timed_out);
}

TEST_F(SystemBackendsTest, Rubbish_IsInvalid) {
  const UniqueFd listener = listen_there();
  const auto daemon = backends_.connect(path_, milliseconds(1000));
  ASSERT_TRUE(daemon);
  const UniqueFd peer(accept(listener.get(), nullptr, nullptr));
  ASSERT_EQ(write(peer.get(), "rubbish", 8), 8);  // with its NUL
  const auto status = daemon.value()->status();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::invalid);
}

TEST_F(SystemBackendsTest, Ancestors_OfOurselvesBeginWithTheParent) {
  ProcessReader reader(clock_);
  auto self = reader.read(getpid());
  ASSERT_TRUE(self);
  const auto parents = backends_.ancestors(*self);
  ASSERT_FALSE(parents.empty());
  EXPECT_EQ(parents.front().id.pid, getppid());
  self->id.start_ticks = 0;  // as the daemon's answers come
  EXPECT_EQ(backends_.ancestors(*self), parents);
}

TEST_F(SystemBackendsTest, PidOfAnotherProcess_HasNoAncestorsHere) {
  ProcessReader reader(clock_);
  auto self = reader.read(getpid());
  ASSERT_TRUE(self);
  self->id.start_ticks += 1;
  EXPECT_TRUE(backends_.ancestors(*self).empty());
  self->id.start_ticks = 0;
  self->start_time = *self->start_time - std::chrono::seconds(1);
  EXPECT_TRUE(backends_.ancestors(*self).empty());
  self->start_time.reset();
  EXPECT_TRUE(backends_.ancestors(*self).empty()) << "a pid alone is nobody";
}

TEST_F(SystemBackendsTest, OwnNetns_IsTheOneInProc) {
  struct stat facts {};
  ASSERT_EQ(stat("/proc/self/ns/net", &facts), 0);
  EXPECT_EQ(backends_.own_netns(), facts.st_ino);
  EXPECT_FALSE(backends_.netns_named("no such namespace"));
}

}  // namespace
}  // namespace portwatch::cli
