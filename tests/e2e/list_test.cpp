// `portwatch list` shows what is there, all of it, and nothing else.
#include <sys/prctl.h>
#include <sys/socket.h>

#include <csignal>
#include <set>
#include <tuple>

#include "tests/e2e/host.h"

namespace portwatch::test {
namespace {

using Row = std::tuple<std::string, std::string, Port, pid_t>;

class List : public Host, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { start_daemon({"--backend", GetParam()}); }
  std::set<Row> rows(const std::vector<std::string>& filters = {}) const {
    std::vector<std::string> arguments = {"list", "--json"};
    arguments.insert(arguments.end(), filters.begin(), filters.end());
    std::set<Row> all;
    for (const auto& binding : ours(ask(arguments))) {
      for (const pid_t pid : pids(binding)) {
        all.emplace(binding["protocol"], binding["address"], binding["port"], pid);
      }
    }
    return all;
  }
};

TEST_P(List, ManySockets_TheSameSetBothWays) {
  std::vector<UniqueFd> sockets;
  std::set<Row> expected;
  for (Port port = 7801; port < 7851; ++port) {
    sockets.push_back(listening_socket("127.0.0.1", port));
    expected.emplace("tcp", "127.0.0.1", port, getpid());
    sockets.push_back(bound_socket("::1", port, kUdp));
    expected.emplace("udp", "::1", port, getpid());
  }
  sockets.push_back(listening_socket("0.0.0.0", 7851, kMptcp));
  expected.emplace("mptcp", "0.0.0.0", 7851, getpid());
  const Child child([] { listening_socket("::", 7852).release(); });
  for (const Row& row : std::set<Row>(expected)) {
    expected.emplace(std::get<0>(row), std::get<1>(row), std::get<2>(row),
                     child.pid());
  }
  expected.emplace("tcp", "::", 7852, child.pid());
  EXPECT_EQ(rows(), expected);
}

TEST_P(List, Filters_Narrow) {
  const UniqueFd tcp = listening_socket("127.0.0.1", 7861);
  const UniqueFd udp = bound_socket("127.0.0.1", 7862, kUdp);
  const UniqueFd bound = bound_socket("127.0.0.1", 7863);
  EXPECT_EQ(rows().size(), 3u);
  EXPECT_EQ(rows({"--udp"}), (std::set<Row>{{"udp", "127.0.0.1", 7862, getpid()}}));
  EXPECT_EQ(rows({"--tcp"}).size(), 2u);
  EXPECT_EQ(rows({"--listening"}).size(), 2u) << "as ss -l: unconnected UDP too";
  EXPECT_EQ(rows({"--port", "7863"}),
            (std::set<Row>{{"tcp", "127.0.0.1", 7863, getpid()}}));
  EXPECT_EQ(rows({"--pid", std::to_string(getpid())}).size(), 3u);
  EXPECT_TRUE(rows({"--pid", "1"}).empty());
  EXPECT_TRUE(rows({"--user", "daemon"}).empty());
}

TEST_P(List, ConnectedSockets_OnlyOnRequest) {
  const UniqueFd server = listening_socket("127.0.0.1", 7871);
  const UniqueFd client = make_socket(Family::ipv4, kTcp);
  connect_to(client, "127.0.0.1", 7871);
  EXPECT_EQ(rows().size(), 1u);
  EXPECT_GE(rows({"--all"}).size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Backends, List,
                         ::testing::Values("ebpf", "sock_diag", "procfs"));

// Sockets that no hook sees come and go faster than a look takes.
TEST_F(Host, ListDuringChurn_NothingThatIsGoneIsSaidToBeInFlight) {
  start_daemon({"--backend", "ebpf"});
  Child churner([] {
    if (fork() == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) {
        const UniqueFd socket = make_socket(Family::ipv4, kUdp);
        send(socket.get(), "x", 1, 0);  // no destination: it takes a port
      }
    }
  });
  for (int i = 0; i < 200; ++i) {
    for (const Json& binding : ours(ask({"list", "--json"}))) {
      ASSERT_EQ(binding["heldBy"], "process") << "look " << i << binding.dump(1);
    }
  }
}

}  // namespace
}  // namespace portwatch::test
