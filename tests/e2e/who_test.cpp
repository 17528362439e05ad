// `portwatch who`: the same questions to every way of answering them.
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/e2e/host.h"

namespace portwatch::test {
namespace {

// A daemon with that backend, or no daemon and that fallback.
struct Way {
  const char* name;
  const char* backend;
  bool daemon;

  // The name of a test must not depend on where the linker put strings.
  friend void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }
};

class Who : public Host, public ::testing::WithParamInterface<Way> {
 protected:
  void start() {
    if (GetParam().daemon) {
      start_daemon({"--backend", GetParam().backend});
    }
  }
  CommandResult who(const std::string& port) const {
    return GetParam().daemon ? ask({"who", port, "--json"})
                             : ask_nobody({"who", port, "--json", "--backend",
                                           GetParam().backend});
  }
  // The only binding on the port; fails unless there is one.
  Json only(const std::string& port) const {
    const CommandResult result = who(port);
    EXPECT_EQ(result.exit_code, 0) << result.err << result.out;
    const auto bindings = ours(result);
    EXPECT_EQ(bindings.size(), 1u) << result.out;
    return bindings.empty() ? Json{} : bindings[0];
  }
  static bool is_live() { return backend() == "ebpf"; }
  static bool is_procfs() { return backend() == "procfs"; }
  static std::string backend() { return GetParam().backend; }
  // procfs finds sockets that are bound and silent only in processes that it may
  // look into: "nobody" is more than it knows where one is closed to it.
  static int exit_code_of_nobody() {
    return is_procfs() && !proc_shows_all() ? 3 : 1;
  }
};

TEST_P(Who, TcpListener_HolderDescriptorAndState) {
  start();
  const UniqueFd socket = listening_socket("127.0.0.1", 7301);
  const Json binding = only("7301");
  EXPECT_EQ(binding["protocol"], "tcp");
  EXPECT_EQ(binding["address"], "127.0.0.1");
  EXPECT_EQ(binding["state"], "listening");
  EXPECT_EQ(binding["heldBy"], "process");
  ASSERT_EQ(pids(binding), std::vector<pid_t>{getpid()});
  EXPECT_EQ(binding["holders"][0]["fds"], Json({socket.get()}));
  EXPECT_EQ(binding["holders"][0]["user"], "root");
  EXPECT_FALSE(binding["holders"][0]["exe"].is_null());
  EXPECT_EQ(binding["since"].is_null(), !is_live());
  EXPECT_EQ(binding["creator"].is_null(), !is_live());
}

TEST_P(Who, OlderThanTheDaemon_HolderKnownPastIsNot) {
  const UniqueFd socket = listening_socket("127.0.0.1", 7302);
  start();
  const Json binding = only("7302");
  EXPECT_EQ(pids(binding), std::vector<pid_t>{getpid()});
  EXPECT_TRUE(binding["since"].is_null());
  EXPECT_TRUE(binding["creator"].is_null());
}

TEST_P(Who, UdpServer_IsBound) {
  start();
  const UniqueFd socket = bound_socket("0.0.0.0", 7303, kUdp);
  const Json binding = only("7303");
  EXPECT_EQ(binding["protocol"], "udp");
  EXPECT_EQ(binding["state"], "bound");
  EXPECT_EQ(pids(binding), std::vector<pid_t>{getpid()});
}

TEST_P(Who, DualStackListener_OneBinding) {
  start();
  const UniqueFd socket = listening_socket("::", 7304);
  const Json binding = only("7304");
  EXPECT_EQ(binding["family"], "ipv6");
  EXPECT_EQ(binding["address"], "::");
  // /proc/net/tcp6 has no such column: unknown, not invented.
  EXPECT_EQ(binding["ipv6Only"], is_procfs() ? Json() : Json(false));
}

TEST_P(Who, BoundButSilent_IsNamed) {
  start();
  const UniqueFd socket = bound_socket("127.0.0.1", 7305);
  const Json binding = only("7305");
  EXPECT_EQ(binding["state"], "bound");
  EXPECT_EQ(pids(binding), std::vector<pid_t>{getpid()});
}

TEST_P(Who, ForkedHolders_AllAreNamed) {
  start();
  const UniqueFd socket = listening_socket("0.0.0.0", 7306);
  const Child first([] {});
  const Child second([] {});
  std::vector<pid_t> expected = {getpid(), first.pid(), second.pid()};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(pids(only("7306")), expected);
}

TEST_P(Who, ParentClosesChildKeeps_TheChildHolds) {
  start();
  UniqueFd socket = listening_socket("0.0.0.0", 7307);
  const Child child([] {});
  socket.reset();
  EXPECT_EQ(pids(only("7307")), std::vector<pid_t>{child.pid()});
}

TEST_P(Who, MptcpListener_IsOneSocket) {
  start();
  const UniqueFd socket = listening_socket("0.0.0.0", 7308, kMptcp);
  const Json binding = only("7308");
  EXPECT_EQ(binding["protocol"], "mptcp");
  EXPECT_EQ(binding["state"], "listening");
  EXPECT_EQ(pids(binding), std::vector<pid_t>{getpid()});
}

TEST_P(Who, Nobody_NoBindingAndExitOne) {
  start();
  const CommandResult result = who("7309");
  EXPECT_EQ(result.exit_code, exit_code_of_nobody()) << result.out << result.err;
  EXPECT_TRUE(ours(result).empty());
}

TEST_P(Who, ReleasedPort_NobodyHoldsIt) {
  start();
  listening_socket("127.0.0.1", 7310).reset();
  EXPECT_EQ(who("7310").exit_code, exit_code_of_nobody());
}

TEST_P(Who, OtherNamespace_SeenAndToldApart) {
  start();
  const UniqueFd here = listening_socket("127.0.0.1", 7311);
  const Child there([] {
    static FreshNetns other;
    listening_socket("127.0.0.1", 7311).release();
  });
  const CommandResult result = who("7311");
  const auto bindings = Json::parse(result.out)["bindings"];
  ASSERT_EQ(bindings.size(), 2u) << result.out;
  EXPECT_EQ(bindings[0]["netns"], netns_.inode()) << "the asker's own comes first";
  EXPECT_NE(bindings[1]["netns"], netns_.inode());
  EXPECT_EQ(pids(bindings[1]), std::vector<pid_t>{there.pid()});
}

TEST_P(Who, ProtocolInTheQuestion_Narrows) {
  start();
  const UniqueFd tcp = listening_socket("127.0.0.1", 7312);
  const UniqueFd udp = bound_socket("127.0.0.1", 7312, kUdp);
  EXPECT_EQ(ours(who("7312")).size(), 2u);
  EXPECT_EQ(only("7312/udp")["protocol"], "udp");
  EXPECT_EQ(only("7312/tcp")["protocol"], "tcp");
}

TEST_P(Who, ListenerWithConnections_OnlyTheListener) {
  start();
  const UniqueFd server = listening_socket("127.0.0.1", 7313);
  const UniqueFd client = make_socket(Family::ipv4, kTcp);
  connect_to(client, "127.0.0.1", 7313);
  EXPECT_EQ(only("7313")["state"], "listening");
}

TEST_P(Who, ClientsAutomaticPort_TheClientIsNamed) {
  start();
  const UniqueFd server = listening_socket("127.0.0.1", 7314);
  const UniqueFd client = make_socket(Family::ipv4, kTcp);
  connect_to(client, "127.0.0.1", 7314);
  const Json binding = only(std::to_string(port_of(client)));
  EXPECT_EQ(binding["state"], "connected");
  EXPECT_EQ(pids(binding), std::vector<pid_t>{getpid()});
}

TEST_P(Who, TimeWait_ClosingAndHeldByNobody) {
  start();
  {
    const UniqueFd server = listening_socket("127.0.0.1", 7316);
    const UniqueFd client = make_socket(Family::ipv4, kTcp);
    connect_to(client, "127.0.0.1", 7316);
    const UniqueFd accepted(accept(server.get(), nullptr, nullptr));
    shutdown(accepted.get(), SHUT_RDWR);  // closes first: the wait is its
    shutdown(client.get(), SHUT_RDWR);
  }
  const Json binding = only("7316");
  EXPECT_EQ(binding["state"], "closing");
  EXPECT_EQ(binding["heldBy"], "nobody");
  EXPECT_GT(binding.value("remainingMs", 0), 0);
  EXPECT_LE(binding.value("remainingMs", 0), 60000);
}

TEST_P(Who, ReusePortPair_BothSocketsAreThere) {
  start();
  const auto reusing = [] {
    UniqueFd made = make_socket(Family::ipv4, kTcp);
    const int one = 1;
    setsockopt(made.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    EXPECT_EQ(try_bind(made, "127.0.0.1", 7317), 0);
    start_listening(made);
    return made;
  };
  const UniqueFd first = reusing();
  EXPECT_EQ(ours(who("7317")).size(), 1u);
  const UniqueFd second = reusing();
  EXPECT_EQ(ours(who("7317")).size(), 2u);
}

TEST_P(Who, UdpClient_HeldWhileItIsConnected) {
  start();
  const UniqueFd client = make_socket(Family::ipv4, kUdp);
  connect_to(client, "127.0.0.1", 9);
  const std::string port = std::to_string(port_of(client));
  EXPECT_EQ(only(port)["state"], "connected");
  const sockaddr none{AF_UNSPEC, {}};
  ASSERT_EQ(connect(client.get(), &none, sizeof none), 0);
  EXPECT_TRUE(ours(who(port)).empty()) << "no event told that the port went";
}

TEST_P(Who, SourceAndConfidence_AsTheWayAllows) {
  start();
  const UniqueFd socket = listening_socket("127.0.0.1", 7315);
  const Json answer = Json::parse(who("7315").out);
  EXPECT_EQ(answer["schema"], "portwatch/1");
  EXPECT_EQ(answer["source"], GetParam().backend);
  const char* snapshot = proc_shows_all() ? "snapshot" : "partial";
  EXPECT_EQ(answer["confidence"], is_live() ? "exact" : snapshot) << answer;
}

INSTANTIATE_TEST_SUITE_P(Ways, Who,
                         ::testing::Values(Way{"DaemonEbpf", "ebpf", true},
                                           Way{"DaemonSockDiag", "sock_diag", true},
                                           Way{"DaemonProcfs", "procfs", true},
                                           Way{"CommandSockDiag", "sock_diag",
                                               false},
                                           Way{"CommandProcfs", "procfs", false}),
                         [](const auto& way) { return way.param.name; });

}  // namespace
}  // namespace portwatch::test
