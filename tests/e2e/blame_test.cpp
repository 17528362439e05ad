// Who is in the way of a bind that failed: as it was then, and no more than is
// known.
#include <sys/socket.h>

#include "tests/e2e/news.h"

namespace portwatch::test {
namespace {

class Blame : public News {
 protected:
  void SetUp() override { start_daemon(); }

  // The last failure told about the port.
  Json last_failure(Port port) const {
    const auto found = told("bindFailed", port);
    EXPECT_FALSE(found.empty());
    return found.empty() ? Json{} : found.back();
  }
  static void set_reuse(const UniqueFd& socket) {
    const int one = 1;
    EXPECT_EQ(setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one),
              0);
  }
  static UniqueFd reusing(int protocol = kTcp) {
    UniqueFd made = make_socket(Family::ipv4, protocol);
    set_reuse(made);
    return made;
  }
};

TEST_F(Blame, KernelsSocket_IsNotItsMakers) {
  ASSERT_EQ(run_command({"/usr/sbin/ip", "link", "add", "vx0", "type", "vxlan",
                         "id", "7", "dstport", "4789"})
                .exit_code,
            0);
  ASSERT_EQ(run_command({"/usr/sbin/ip", "link", "set", "vx0", "up"}).exit_code, 0);
  const UniqueFd late = make_socket(Family::ipv4, kUdp);
  ASSERT_EQ(try_bind(late, "0.0.0.0", 4789), EADDRINUSE);
  const Json failure = last_failure(4789);
  ASSERT_FALSE(failure["blockers"].empty()) << failure.dump(1);
  EXPECT_EQ(failure["blockers"][0]["heldBy"], "kernel");
  EXPECT_EQ(failure["why"].get<std::string>().find(" by ip "), std::string::npos)
      << failure["why"];
}

// No event tells of an option.
TEST_F(Blame, OptionSetAfterItsBind_CountsAsItIs) {
  const UniqueFd bound = bound_socket("127.0.0.1", 7521);
  set_reuse(bound);
  const UniqueFd server = reusing();
  ASSERT_EQ(try_bind(server, "127.0.0.1", 7521), 0);
  start_listening(server);
  ASSERT_EQ(try_bind(reusing(), "127.0.0.1", 7521), EADDRINUSE);
  const Json failure = last_failure(7521);
  ASSERT_EQ(failure["blockers"].size(), 1u) << failure.dump(1);
  EXPECT_EQ(failure["blockers"][0]["state"], "listening");
}

TEST_F(Blame, UdpNarrowedByConnect_IsWhereItIs) {
  const UniqueFd narrow = bound_socket("0.0.0.0", 7522, kUdp);
  connect_to(narrow, "127.0.0.1", 9);
  const UniqueFd holder = bound_socket("127.0.0.2", 7522, kUdp);
  ASSERT_EQ(try_bind(make_socket(Family::ipv4, kUdp), "127.0.0.2", 7522),
            EADDRINUSE);
  const Json failure = last_failure(7522);
  ASSERT_EQ(failure["blockers"].size(), 1u) << failure.dump(1);
  EXPECT_EQ(failure["blockers"][0]["address"], "127.0.0.2");
}

constexpr const char* kFail =
    "import signal,socket,sys\n"
    "try: socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    "except OSError: print('failed', flush=True)\n"
    "if sys.argv[2] == 'stay': signal.pause()\n";

// The record has room for 512 bytes.
TEST_F(Blame, LongArguments_WholeOrMarked) {
  const UniqueFd first = listening_socket("127.0.0.1", 7523);
  const std::string last(600, 'x');
  std::vector<std::string> argv = {
      "/usr/bin/python3", "-c", kFail, "7523", "stay", last};
  Background stays(argv, false);
  ASSERT_EQ(stays.read_line(), "failed");
  Json process = last_failure(7523)["process"];
  ASSERT_EQ(process["cmdline"].size(), argv.size()) << process.dump(1);
  EXPECT_EQ(process["cmdline"].back(), last);
  EXPECT_TRUE(process["cmdlineCut"].is_null());
  stays.stop(SIGTERM);
}

TEST_F(Blame, LongArgumentsOfOneThatIsGone_AreMarked) {
  const UniqueFd first = listening_socket("127.0.0.1", 7524);
  kill(daemon_->pid(), SIGSTOP);  // so that it comes too late for sure
  run_command(
      {"/usr/bin/python3", "-c", kFail, "7524", "go", std::string(600, 'x')});
  kill(daemon_->pid(), SIGCONT);
  const Json process = last_failure(7524)["process"];
  EXPECT_EQ(process["cmdline"].size(), 5u) << process.dump(1);
  EXPECT_EQ(process["cmdlineCut"], true);
}

constexpr const char* kServeMany =
    "import signal,socket\n"
    "all = [socket.create_server(('127.0.0.1', 7527), reuse_port=True)\n"
    "       for _ in range(12)]\n"
    "print('ready', flush=True)\n"
    "signal.pause()\n";

// A failure must not grow with what an unprivileged program has made.
TEST_F(Blame, ManyLargeBlockers_TheEventStaysSmall) {
  Background server(
      {"/usr/bin/python3", "-c", kServeMany, std::string(100'000, 'x')}, false);
  ASSERT_EQ(server.read_line(), "ready");
  ASSERT_EQ(try_bind(make_socket(Family::ipv4, kTcp), "127.0.0.1", 7527),
            EADDRINUSE);
  const Json failure = last_failure(7527);
  EXPECT_EQ(failure["blockers"].size(), 8u);
  EXPECT_EQ(failure["moreBlockers"], 4);
  EXPECT_EQ(failure["blockers"][0]["holders"][0]["cmdlineCut"], true);
  EXPECT_LT(failure.dump().size(), 100'000u);
  server.stop(SIGTERM);
}

// To ask is not to fail.
TEST_F(Blame, TrialOfTheCommand_IsNoFailure) {
  const UniqueFd first = listening_socket("127.0.0.1", 7525);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(ask({"check", "127.0.0.1:7525", "--try"}).exit_code, 1);
  }
  EXPECT_TRUE(told("bindFailed", 7525).empty());
  EXPECT_EQ(ask({"failures", "7525"}).exit_code, 1);
}

// Each is a look at the whole host, which whoever does this must not make us take
// without end: what is not looked up is unknown, and the rest of the work is done.
TEST_F(Blame, FailuresOnManyPortsOfClients_LooksAreLimited) {
  constexpr int kPorts = 400;
  const UniqueFd server = listening_socket("127.0.0.1", 7526);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < kPorts; ++i) {
    clients.push_back(make_socket(Family::ipv4, kTcp));
    connect_to(clients.back(), "127.0.0.1", 7526);
    const UniqueFd served(accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  const auto before = status();
  for (const UniqueFd& client : clients) {
    EXPECT_EQ(
        try_bind(make_socket(Family::ipv4, kTcp), "127.0.0.1", port_of(client)),
        EADDRINUSE);
  }
  const auto after = status();
  EXPECT_EQ(after["failures"].get<int>() - before["failures"].get<int>(), kPorts);
  EXPECT_EQ(after["eventsLost"], 0);
  const auto passes =
      after["fullPasses"].get<int>() - before["fullPasses"].get<int>();
  EXPECT_LT(passes, kPorts) << "one for each";
}

}  // namespace
}  // namespace portwatch::test
