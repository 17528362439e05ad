// A bind that fails: who tried, what for, who is in the way; told by itself.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <set>

#include "tests/e2e/news.h"

namespace portwatch::test {
namespace {

class Failures : public News {
 protected:
  void SetUp() override { start_daemon(); }

  // The one failure that is told about the port.
  Json only_failure(Port port) const {
    const auto found = told("bindFailed", port);
    EXPECT_EQ(found.size(), 1u) << Json(found).dump(1);
    return found.empty() ? Json{} : found[0];
  }
};

constexpr const char* kServe =
    "import socket,sys\n"
    "s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, int(sys.argv[1]))\n"
    "s.bind(('127.0.0.1', int(sys.argv[2])))\n"
    "s.listen()\n";

CommandResult second_server(int protocol, Port port) {
  return run_command({"/usr/bin/python3", "-c", kServe, std::to_string(protocol),
                      std::to_string(port)});
}

TEST_F(Failures, SecondServer_IsToldWithTheFirst) {
  const UniqueFd first = listening_socket("127.0.0.1", 7501);
  ASSERT_EQ(second_server(kTcp, 7501).exit_code, 1);
  const Json failure = only_failure(7501);
  EXPECT_EQ(failure["operation"], "bind");
  EXPECT_EQ(failure["errno"], 98);
  EXPECT_EQ(failure["error"], "EADDRINUSE");
  EXPECT_EQ(failure["requested"]["protocol"], "tcp");
  EXPECT_EQ(failure["requested"]["address"], "127.0.0.1");
  EXPECT_EQ(failure["requested"]["port"], 7501);
  EXPECT_EQ(failure["requested"]["netns"], netns_.inode());
  const Json& process = failure["process"];
  EXPECT_NE(process["exe"].get<std::string>().find("python3"), std::string::npos);
  EXPECT_EQ(process["cmdline"].size(), 5u);
  EXPECT_EQ(process["ppid"], getpid());
  EXPECT_EQ(failure["parents"][0]["pid"], getpid());
  ASSERT_EQ(failure["blockers"].size(), 1u) << failure.dump(1);
  EXPECT_EQ(failure["blockers"][0]["state"], "listening");
  EXPECT_TRUE(is_ours(failure["blockers"][0]));
  EXPECT_NE(failure["why"].get<std::string>().find("e2e_tests"), std::string::npos);
}

TEST_F(Failures, MptcpServer_IsToldOnce) {
  const UniqueFd first = listening_socket("127.0.0.1", 7502);
  ASSERT_EQ(second_server(kMptcp, 7502).exit_code, 1);
  const Json failure = only_failure(7502);
  EXPECT_EQ(failure["requested"]["protocol"], "mptcp");
  EXPECT_EQ(failure["blockers"].size(), 1u) << failure.dump(1);
}

TEST_F(Failures, MptcpHolder_IsOneBlocker) {
  const UniqueFd first = listening_socket("127.0.0.1", 7503, kMptcp);
  ASSERT_EQ(second_server(kTcp, 7503).exit_code, 1);
  const Json failure = only_failure(7503);
  ASSERT_EQ(failure["blockers"].size(), 1u) << failure.dump(1);
  EXPECT_EQ(failure["blockers"][0]["protocol"], "mptcp");
  EXPECT_TRUE(is_ours(failure["blockers"][0]));
}

// Trap 8: what blocks is in no table of ss -tan.
TEST_F(Failures, BoundSilentSocket_IsNamed) {
  const UniqueFd silent = bound_socket("0.0.0.0", 7504);
  ASSERT_EQ(second_server(kTcp, 7504).exit_code, 1);
  const Json failure = only_failure(7504);
  ASSERT_EQ(failure["blockers"].size(), 1u) << failure.dump(1);
  EXPECT_EQ(failure["blockers"][0]["state"], "bound");
}

// Trap 20: a client that nobody tracks sits on the port.
TEST_F(Failures, ClientsAutomaticPort_IsNamed) {
  const UniqueFd server = listening_socket("127.0.0.1", 7505);
  const UniqueFd client = make_socket(Family::ipv4, kTcp);
  connect_to(client, "127.0.0.1", 7505);
  const Port port = port_of(client);
  const UniqueFd late = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(late, "127.0.0.1", port), EADDRINUSE);
  const Json failure = only_failure(port);
  ASSERT_EQ(failure["blockers"].size(), 1u) << failure.dump(1);
  EXPECT_EQ(failure["blockers"][0]["state"], "connected");
  EXPECT_TRUE(is_ours(failure["blockers"][0]));
}

// Trap 17: across families.
TEST_F(Failures, DualStackHolder_BlocksIpv4) {
  const UniqueFd first = listening_socket("::", 7506);
  const UniqueFd late = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(late, "0.0.0.0", 7506), EADDRINUSE);
  const Json failure = only_failure(7506);
  ASSERT_EQ(failure["blockers"].size(), 1u) << failure.dump(1);
  EXPECT_EQ(failure["blockers"][0]["address"], "::");
}

TEST_F(Failures, HolderOnAnotherAddress_IsNoBlocker) {
  const UniqueFd other = listening_socket("127.0.0.2", 7507);
  const UniqueFd first = listening_socket("127.0.0.1", 7507);
  const UniqueFd late = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(late, "127.0.0.1", 7507), EADDRINUSE);
  const Json failure = only_failure(7507);
  ASSERT_EQ(failure["blockers"].size(), 1u) << failure.dump(1);
  EXPECT_EQ(failure["blockers"][0]["address"], "127.0.0.1");
}

// Traps 18 and 19: the connection that the server closed first.
TEST_F(Failures, TimeWait_IsNamedAndBelongsToNobody) {
  Port port = 7508;
  {
    const UniqueFd server = listening_socket("127.0.0.1", port);
    const UniqueFd client = make_socket(Family::ipv4, kTcp);
    connect_to(client, "127.0.0.1", port);
    UniqueFd accepted(accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(accepted.valid());
    accepted.reset();
  }
  const UniqueFd late = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(late, "127.0.0.1", port), EADDRINUSE);
  const Json failure = only_failure(port);
  ASSERT_EQ(failure["blockers"].size(), 1u) << failure.dump(1);
  EXPECT_EQ(failure["blockers"][0]["state"], "closing");
  EXPECT_EQ(failure["blockers"][0]["heldBy"], "nobody");
}

TEST_F(Failures, NotLocal_HasNoBlockersButAReason) {
  const UniqueFd late = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(late, "192.0.2.1", 7509), EADDRNOTAVAIL);
  const Json failure = only_failure(7509);
  EXPECT_EQ(failure["error"], "EADDRNOTAVAIL");
  EXPECT_EQ(failure["blockers"], Json::array());
  EXPECT_NE(failure["why"].get<std::string>().find("192.0.2.1"), std::string::npos);
}

TEST_F(Failures, LowPort_IsAPrivilege) {
  const auto result = run_command({"/usr/bin/python3", "-c", kServe, "0", "80"},
                                  {kNobody, {}, std::chrono::seconds(20)});
  ASSERT_EQ(result.exit_code, 1);
  const Json failure = only_failure(80);
  EXPECT_EQ(failure["error"], "EACCES");
  EXPECT_EQ(failure["process"]["uid"], kNobody);
}

// Each dies in the same instant in which it fails.
TEST_F(Failures, ThousandThatExitAtOnce_AreAllToldWithArguments) {
  constexpr int kProcesses = 1000;
  const UniqueFd first = listening_socket("127.0.0.1", 7510);
  const auto before = status()["failures"].get<int>();
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t pid = fork();
    if (pid == 0) {
      const UniqueFd late = make_socket(Family::ipv4, kTcp);
      _exit(try_bind(late, "127.0.0.1", 7510) == EADDRINUSE ? 0 : 1);
    }
    waitpid(pid, nullptr, 0);
  }
  EXPECT_EQ(status()["failures"].get<int>() - before, kProcesses);
  EXPECT_EQ(status()["eventsLost"], 0);
  const Json said = json({"failures", "7510", "--limit", "5000"});
  ASSERT_EQ(said["events"].size(), static_cast<std::size_t>(kProcesses));
  std::set<pid_t> pids;
  for (const Json& failure : said["events"]) {
    pids.insert(failure["process"]["pid"].get<pid_t>());
    ASSERT_FALSE(failure["process"]["exe"].is_null()) << failure.dump(1);
    ASSERT_FALSE(failure["process"]["cmdline"].is_null()) << failure.dump(1);
    ASSERT_EQ(failure["blockers"].size(), 1u) << failure.dump(1);
  }
  EXPECT_EQ(pids.size(), static_cast<std::size_t>(kProcesses));
}

TEST_F(Failures, Command_ListsThemAndExits) {
  EXPECT_EQ(ask({"failures", "7511"}).exit_code, 1);
  const UniqueFd first = listening_socket("127.0.0.1", 7511);
  ASSERT_EQ(second_server(kTcp, 7511).exit_code, 1);
  const auto page = ask({"failures", "7511"});
  EXPECT_EQ(page.exit_code, 0) << page.err;
  EXPECT_NE(page.out.find("EADDRINUSE"), std::string::npos) << page.out;
  EXPECT_NE(page.out.find("python3"), std::string::npos) << page.out;
}

TEST_F(Failures, ForeignUser_LearnsNoProgramOfOthers) {
  const UniqueFd first = listening_socket("127.0.0.1", 7512);
  ASSERT_EQ(second_server(kTcp, 7512).exit_code, 1);
  const auto said =
      ask({"failures", "7512", "--json"}, {kNobody, {}, std::chrono::seconds(20)});
  const Json document = Json::parse(said.out, nullptr, false);
  ASSERT_TRUE(document.is_object()) << said.out << said.err;
  const Json& failure = document["events"].at(0);
  EXPECT_TRUE(failure["process"]["exe"].is_null());
  EXPECT_FALSE(failure["process"]["pid"].is_null());
}

class FailuresUnseen : public News {};

TEST_F(FailuresUnseen, WithoutEbpf_CannotKnow) {
  start_daemon({"--backend", "sock_diag"});
  const auto said = ask({"failures"});
  EXPECT_EQ(said.exit_code, 3) << said.out << said.err;
}

TEST_F(FailuresUnseen, SwitchedOff_CannotKnow) {
  configure("[ebpf]\nbind_results = \"none\"\n");
  start_daemon();
  const UniqueFd first = listening_socket("127.0.0.1", 7513);
  ASSERT_EQ(second_server(kTcp, 7513).exit_code, 1);
  EXPECT_EQ(status()["bindResults"], "none");
  EXPECT_EQ(ask({"failures"}).exit_code, 3);
}

TEST_F(FailuresUnseen, ByTracepoint_AreSeen) {
  configure("[ebpf]\nbind_results = \"tracepoint\"\n");
  start_daemon();
  EXPECT_EQ(status()["bindResults"], "tracepoint");
  const UniqueFd first = listening_socket("127.0.0.1", 7514);
  ASSERT_EQ(second_server(kTcp, 7514).exit_code, 1);
  EXPECT_EQ(told("bindFailed", 7514).size(), 1u);
}

}  // namespace
}  // namespace portwatch::test
