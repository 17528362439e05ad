// `portwatch list` shows what is there, all of it, and nothing else.
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <set>
#include <tuple>

#include "tests/e2e/host.h"
#include "tests/support/messages.h"

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

TEST_F(Host, NamespaceThatNoProcessIsIn_ItsSocketsAreShownAndTheGapIsTold) {
  start_daemon();
  const Channel channel = make_channel();
  const pid_t pid = fork();
  if (pid == 0) {
    const FreshNetns elsewhere;
    send_descriptor(channel.right, listening_socket("127.0.0.1", 7392));
    _exit(0);
  }
  waitpid(pid, nullptr, 0);
  const UniqueFd socket = receive_descriptor(channel.left);
  const Json answer = Json::parse(ask({"list", "--json"}).out);
  const auto there = std::find_if(
      answer["bindings"].begin(), answer["bindings"].end(), [&](const Json& one) {
        return one["port"] == 7392 && one["netns"] != netns_.inode();
      });
  ASSERT_NE(there, answer["bindings"].end());
  EXPECT_EQ(pids(*there), std::vector<pid_t>{getpid()});
  EXPECT_EQ(answer["confidence"], "partial");
  EXPECT_NE(answer["missing"].dump().find("namespaces: closing sockets"),
            std::string::npos);
}

// A connection with a List call on it that nobody has answered yet.
UniqueFd asked_for_a_list(const std::string& path) {
  UniqueFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  std::strncpy(place.sun_path, path.c_str(), sizeof place.sun_path - 1);
  EXPECT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&place),
                    sizeof place),
            0);
  const std::string call = R"({"method":"io.portwatch.List"})";
  EXPECT_EQ(write(client.get(), call.c_str(), call.size() + 1),
            static_cast<ssize_t>(call.size() + 1));
  return client;
}

TEST_F(Host, QuestionsAtTheSameTime_ShareOnePass) {
  start_daemon();
  const UniqueFd listener = listening_socket("127.0.0.1", 7391);
  const auto passes = [this] {
    return Json::parse(ask({"status", "--json"}).out)["fullPasses"].get<int>();
  };
  ask({"list", "--json"});
  const int one_list = passes();
  kill(daemon_->pid(), SIGSTOP);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(asked_for_a_list(socket_path()));
  }
  kill(daemon_->pid(), SIGCONT);
  for (const UniqueFd& client : clients) {
    std::string reply(1, ' ');
    while (!reply.empty() && reply.back() != '\0') {
      char some[65536];
      const ssize_t count = read(client.get(), some, sizeof some);
      ASSERT_GT(count, 0);
      reply.append(some, static_cast<std::size_t>(count));
    }
    EXPECT_NE(reply.find("\"port\":7391"), std::string::npos);
  }
  // A pass that does not add up is repeated, and others on this host may bind.
  EXPECT_LE(passes() - one_list, one_list + 2);
}

}  // namespace
}  // namespace portwatch::test
