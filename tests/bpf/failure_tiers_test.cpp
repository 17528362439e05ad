// failure_hooks.cpp: which way is taken, what each sees, what a restart keeps.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "tests/bpf/recorder.h"
#include "tests/support/bind_32bit.h"

namespace portwatch::test {
namespace {

bool has_hook(const BpfSession& session, const std::string& name) {
  for (const HookStatus& hook : session.hooks()) {
    if (hook.name == name && hook.attached) {
      return true;
    }
  }
  return false;
}

using AutomaticTier = HookTest;

TEST_F(AutomaticTier, NothingThatTaxesOtherCalls) {
  EXPECT_NE(session_->bind_results().tier(), "none")
      << session_->bind_results().refused();
  EXPECT_NE(session_->bind_results().tier(), "tracepoint");
  for (const HookStatus& hook : session_->hooks()) {
    EXPECT_EQ(hook.name.find("syscalls"), std::string::npos) << hook.name;
    EXPECT_TRUE(hook.attached) << hook.name << ": " << hook.error;
  }
  EXPECT_TRUE(has_hook(*session_, "cgroup/bind4"));
  EXPECT_TRUE(has_hook(*session_, "tp_btf/io_uring_complete"));
}

// In a mount namespace that has tracefs, as every host with systemd has.
class TracepointTier : public HookTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_TRUE(mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, nullptr) ==
                    0 ||
                errno == EBUSY);  // it is there
    HookTest::SetUp();
  }
  void TearDown() override { setns(home_.get(), CLONE_NEWNS); }
  BindResults bind_results() const override { return BindResults::tracepoint; }

  UniqueFd home_{open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)};
};

TEST_F(TracepointTier, NativeBind_OneRecord) {
  EXPECT_EQ(session_->bind_results().tier(), "tracepoint");
  EXPECT_EQ(session_->bind_results().refused(), "");
  const UniqueFd holder = listening_socket("127.0.0.1", 7301);
  const UniqueFd socket = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(socket, "127.0.0.1", 7301), EADDRINUSE);
  ASSERT_EQ(try_bind(socket, "127.0.0.1", 7302), 0);
  const auto failures = take_failures();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(endpoint_text(failures[0].socket.endpoint), "127.0.0.1:7301");
  EXPECT_EQ(failures[0].error, EADDRINUSE);
  EXPECT_EQ(calls_in_flight(), 0u);
}

TEST_F(TracepointTier, UdpConnectWhenAllPortsAreTaken_Eagain) {
  std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << "40000 40001";
  const UniqueFd first = bound_socket("0.0.0.0", 40000, kUdp);
  const UniqueFd second = bound_socket("0.0.0.0", 40001, kUdp);
  const UniqueFd socket = make_socket(Family::ipv4, kUdp);
  EXPECT_THROW(connect_to(socket, "127.0.0.1", 9), std::system_error);
  const auto failures = take_failures();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].operation, Operation::connect);
  EXPECT_EQ(failures[0].error, EAGAIN);
  EXPECT_EQ(failures[0].socket.endpoint.port, 0);
  EXPECT_EQ(calls_in_flight(), 0u);
}

#if defined(__x86_64__)
// They have no tracepoint: what would begin here would never end.
TEST_F(TracepointTier, CallsOfA32BitProgram_LeaveNothingInFlight) {
  const UniqueFd holder = listening_socket("127.0.0.1", 7303);
  const UniqueFd socket = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(bind_32bit(Call32::bind, socket, 7303), EADDRINUSE);
  EXPECT_EQ(calls_in_flight(), 0u);
}
#endif

class NoTier : public HookTest {
  BindResults bind_results() const override { return BindResults::none; }
};

TEST_F(NoTier, RefusedCalls_NoRecordAndNoHook) {
  EXPECT_EQ(session_->bind_results().tier(), "none");
  EXPECT_FALSE(has_hook(*session_, "cgroup/bind4"));
  const UniqueFd holder = listening_socket("127.0.0.1", 7304);
  const UniqueFd socket = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(socket, "127.0.0.1", 7304), EADDRINUSE);
  EXPECT_TRUE(take_failures().empty());
  start_listening(socket);
  const auto events = take();
  ASSERT_EQ(events.size(), 1u) << "listen(2) alone took a port";
  EXPECT_EQ(events[0].kind, SocketEvent::Kind::listen);
}

// With pins, for a session after it.
class PinnedSession : public HookTest {
 protected:
  void TearDown() override { session_.reset(); }
  std::string pin_directory() const override {
    return "/sys/fs/bpf/portwatch-test-" + std::to_string(getpid());
  }
};

TEST_F(PinnedSession, AfterARestart_FailuresAreSeenAndTheOldRecordsReplayed) {
  const UniqueFd holder = listening_socket("127.0.0.1", 7305);
  const UniqueFd socket = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(socket, "127.0.0.1", 7305), EADDRINUSE);
  ASSERT_TRUE(session_->pins()) << session_->pins().error().context;
  session_->leave_pins();
  session_.reset();
  // Nobody sees this one.
  ASSERT_EQ(try_bind(socket, "127.0.0.1", 7305), EADDRINUSE);
  HookTest::SetUp();
  ASSERT_TRUE(session_->inherited());
  EXPECT_EQ(take_failures().size(), 1u);
  ASSERT_EQ(try_bind(socket, "127.0.0.1", 7305), EADDRINUSE);
  EXPECT_EQ(take_failures().size(), 1u);
}

}  // namespace
}  // namespace portwatch::test
