// The same port asked for again and again: the daemon looks where it found the
// socket before, and must see all that has changed since.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "tests/e2e/host.h"
#include "tests/support/messages.h"

namespace portwatch::test {
namespace {

constexpr Port kAgain = 7341;

class WhoAgain : public Host {
 protected:
  void SetUp() override { start_daemon(); }

  std::vector<Json> bindings() const {
    const CommandResult result = ask({"who", std::to_string(kAgain), "--json"});
    EXPECT_EQ(Json::parse(result.out)["confidence"], "exact") << result.out;
    return ours(result);
  }
  Json binding() const {
    const auto all = bindings();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? Json{} : all[0];
  }
  // Once by a walk, which is remembered, and once by what was remembered.
  void ask_twice() const {
    const Json first = binding();
    EXPECT_EQ(binding(), first);
  }
  Json status() const { return Json::parse(ask({"status", "--json"}).out); }
};

TEST_F(WhoAgain, NothingChanged_TheSameAndNoPassOverTheHost) {
  const UniqueFd socket = listening_socket("127.0.0.1", kAgain);
  ask_twice();
  Json before, after;
  do {  // a bind that fails elsewhere on the host takes passes of its own
    before = status();
    ask_twice();
    after = status();
  } while (after["failures"] != before["failures"]);
  EXPECT_EQ(after["fullPasses"], before["fullPasses"]);
}

TEST_F(WhoAgain, AnotherNumber_IsTold) {
  UniqueFd socket = listening_socket("127.0.0.1", kAgain);
  ask_twice();
  const UniqueFd copy(fcntl(socket.get(), F_DUPFD_CLOEXEC, 100));
  EXPECT_EQ(binding()["holders"][0]["fds"], (Json{socket.get(), copy.get()}));
  ask_twice();
  socket.reset();
  EXPECT_EQ(binding()["holders"][0]["fds"], Json{copy.get()});
}

TEST_F(WhoAgain, ForkedChild_HoldsItToo) {
  const UniqueFd socket = listening_socket("127.0.0.1", kAgain);
  ask_twice();
  Child child([] {});
  EXPECT_EQ(pids(binding()), (std::vector<pid_t>{getpid(), child.pid()}));
  ask_twice();
  child.finish();
  EXPECT_EQ(pids(binding()), std::vector<pid_t>{getpid()});
}

int sleep_until_killed(void*) {
  for (;;) {
    pause();
  }
}

// No reference tells of it.
TEST_F(WhoAgain, ProcessThatSharesTheDescriptorTable_HoldsItToo) {
  const UniqueFd socket = listening_socket("127.0.0.1", kAgain);
  ask_twice();
  std::vector<char> stack(65536);
  Reaper sibling(clone(sleep_until_killed, stack.data() + stack.size(),
                       CLONE_FILES | SIGCHLD, nullptr));
  ASSERT_GT(sibling.pid(), 0);
  EXPECT_EQ(pids(binding()), (std::vector<pid_t>{getpid(), sibling.pid()}));
  ask_twice();
  sibling.end();
  EXPECT_EQ(pids(binding()), std::vector<pid_t>{getpid()});
}

// No event tells of it either: it is older than the socket.
TEST_F(WhoAgain, OlderProcessThatSharesTheDescriptorTable_HoldsItToo) {
  std::vector<char> stack(65536);
  const Reaper sibling(clone(sleep_until_killed, stack.data() + stack.size(),
                             CLONE_FILES | SIGCHLD, nullptr));
  ASSERT_GT(sibling.pid(), 0);
  const UniqueFd socket = listening_socket("127.0.0.1", kAgain);
  EXPECT_EQ(pids(binding()), (std::vector<pid_t>{getpid(), sibling.pid()}));
  ask_twice();
}

// It took its port silently, when the range of automatic ports was another.
TEST_F(WhoAgain, UdpThatOnlySent_IsToldEachTime) {
  const std::string range = "/proc/sys/net/ipv4/ip_local_port_range";
  const std::string port = std::to_string(kAgain);
  std::ofstream(range) << port << " " << port;
  const UniqueFd sender = make_socket(Family::ipv4, kUdp);
  EXPECT_EQ(send(sender.get(), "x", 1, 0), -1);  // no destination
  std::ofstream(range) << "32768 60999";
  ASSERT_EQ(port_of(sender), kAgain);
  const UniqueFd listener = listening_socket("127.0.0.1", kAgain);
  EXPECT_EQ(bindings().size(), 2u);
  EXPECT_EQ(bindings().size(), 2u);
  EXPECT_EQ(bindings().size(), 2u);
}

TEST_F(WhoAgain, SentToAStranger_BothHoldIt) {
  const Channel messages = make_channel();
  const Channel answers = make_channel();
  Reaper stranger(fork());
  if (stranger.pid() == 0) {
    const UniqueFd received = receive_descriptor(messages.right);
    send_descriptor(answers.right, messages.right);  // any: it is there
    sleep_until_killed(nullptr);
  }
  const UniqueFd socket = listening_socket("127.0.0.1", kAgain);
  ask_twice();
  send_descriptor(messages.left, socket);
  receive_descriptor(answers.left);
  EXPECT_EQ(pids(binding()), (std::vector<pid_t>{getpid(), stranger.pid()}));
  ask_twice();
  stranger.end();
  EXPECT_EQ(pids(binding()), std::vector<pid_t>{getpid()});
}

TEST_F(WhoAgain, ClosedAndTakenAnew_IsAnotherBinding) {
  UniqueFd socket = listening_socket("127.0.0.1", kAgain);
  ask_twice();
  const Json before = binding();
  const int number = socket.get();
  socket.reset();
  EXPECT_TRUE(bindings().empty());
  socket = listening_socket("127.0.0.1", kAgain);
  ASSERT_EQ(socket.get(), number);
  const Json after = binding();
  EXPECT_NE(after["id"], before["id"]);
  EXPECT_NE(after["inode"], before["inode"]);
  ask_twice();
}

TEST_F(WhoAgain, SecondSocketOnThePort_IsTold) {
  const UniqueFd socket = listening_socket("127.0.0.1", kAgain);
  ask_twice();
  const UniqueFd other = bound_socket("127.0.0.2", kAgain, kUdp);
  EXPECT_EQ(bindings().size(), 2u);
  EXPECT_EQ(bindings().size(), 2u);
}

TEST_F(WhoAgain, HolderThatRunsAnotherProgram_HoldsItNoMore) {
  const UniqueFd keeper = listening_socket("127.0.0.1", kAgain);
  const Channel words = make_channel();
  const Reaper child(fork());
  if (child.pid() == 0) {
    char byte;
    (void)!read(words.right.get(), &byte, 1);
    dup2(words.right.get(), STDOUT_FILENO);
    execl(PORTWATCH_TEST_IDLE, "idle", nullptr);  // sockets are CLOEXEC
    _exit(1);
  }
  ask_twice();
  EXPECT_EQ(pids(binding()), (std::vector<pid_t>{getpid(), child.pid()}));
  ASSERT_EQ(write(words.left.get(), "x", 1), 1);
  char said[8] = "";
  ASSERT_GT(read(words.left.get(), said, sizeof said - 1), 0);
  EXPECT_STREQ(said, "idle\n");
  EXPECT_EQ(pids(binding()), std::vector<pid_t>{getpid()});
}

}  // namespace
}  // namespace portwatch::test
