// `portwatch why` and `check`: every reason, and the real bind agrees.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fstream>

#include "tests/e2e/news.h"
#include "tests/support/messages.h"

namespace portwatch::test {
namespace {

struct Where {
  std::string name;
  std::vector<std::string> daemon;  // options; empty with no_daemon
  bool no_daemon = false;
};

// The same answers from the daemon, from one without eBPF, and without any.
class WhyAndCheck : public News, public ::testing::WithParamInterface<Where> {
 protected:
  void SetUp() override {
    if (!GetParam().no_daemon) {
      start_daemon(GetParam().daemon);
    }
  }
  CommandResult say(std::vector<std::string> arguments,
                    const CommandOptions& options = {}) const {
    return GetParam().no_daemon ? ask_nobody(arguments, options)
                                : ask(arguments, options);
  }
  Json why(const std::string& place) const {
    const auto said = say({"why", place, "--json"});
    const Json verdict = Json::parse(said.out, nullptr, false);
    EXPECT_TRUE(verdict.is_object()) << said.out << said.err;
    return verdict;
  }
  static const Json* reason(const Json& verdict, const std::string& code) {
    for (const Json& one : verdict["reasons"]) {
      if (one["code"] == code) {
        return &one;
      }
    }
    return nullptr;
  }
  // The verdict says blocked for this reason, with evidence and a remedy.
  void expect_blocked(const Json& verdict, const std::string& code,
                      const std::string& error) const {
    EXPECT_EQ(verdict["outcome"], "blocked") << verdict.dump(1);
    EXPECT_EQ(verdict["error"], error) << verdict.dump(1);
    const Json* found = reason(verdict, code);
    ASSERT_NE(found, nullptr) << code << ": " << verdict.dump(1);
    EXPECT_EQ((*found)["blocks"], true);
    EXPECT_FALSE((*found)["text"].get<std::string>().empty());
    EXPECT_FALSE((*found)["remedies"].empty()) << found->dump(1);
  }
};

TEST_P(WhyAndCheck, Free_ExitOne) {
  EXPECT_EQ(say({"why", "7701"}).exit_code, 1);
  EXPECT_EQ(say({"check", "127.0.0.1:7701"}).exit_code, 0);
  EXPECT_EQ(say({"check", "127.0.0.1:7701", "--try"}).exit_code, 0);
}

TEST_P(WhyAndCheck, Listener_IsBlocked) {
  const UniqueFd server = listening_socket("127.0.0.1", 7702);
  EXPECT_EQ(say({"why", "7702"}).exit_code, 0);
  const Json verdict = why("127.0.0.1:7702");
  expect_blocked(verdict, "listener", "EADDRINUSE");
  EXPECT_EQ(pids((*reason(verdict, "listener"))["bindings"][0]),
            std::vector<pid_t>{getpid()});
  EXPECT_EQ(say({"check", "127.0.0.1:7702"}).exit_code, 1);
  EXPECT_EQ(say({"check", "127.0.0.1:7702", "--try"}).exit_code, 1);
  EXPECT_EQ(say({"check", "127.0.0.2:7702", "--try"}).exit_code, 0);
}

TEST_P(WhyAndCheck, BoundSilently_IsBlocked) {
  const UniqueFd silent = bound_socket("127.0.0.1", 7703);
  expect_blocked(why("7703"), "bound", "EADDRINUSE");
}

TEST_P(WhyAndCheck, ClientPort_IsBlocked) {
  const UniqueFd server = listening_socket("127.0.0.1", 7704);
  const UniqueFd client = make_socket(Family::ipv4, kTcp);
  connect_to(client, "127.0.0.1", 7704);
  expect_blocked(why(std::to_string(port_of(client))), "clientPort", "EADDRINUSE");
}

TEST_P(WhyAndCheck, TimeWait_SaysHowLong) {
  {
    const UniqueFd server = listening_socket("127.0.0.1", 7705);
    const UniqueFd client = make_socket(Family::ipv4, kTcp);
    connect_to(client, "127.0.0.1", 7705);
    UniqueFd accepted(accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
    accepted.reset();
  }
  const Json verdict = why("127.0.0.1:7705");
  expect_blocked(verdict, "timeWait", "EADDRINUSE");
  const Json& closed = *reason(verdict, "timeWait");
  EXPECT_GT(closed["bindings"][0]["remainingMs"], 0) << closed.dump(1);
  EXPECT_LE(closed["bindings"][0]["remainingMs"], 60'000) << closed.dump(1);
  const std::string text = closed["text"];
  EXPECT_NE(text.find(" (TIME_WAIT), for "), std::string::npos) << text;
  EXPECT_NE(text.find(" at most"), std::string::npos) << text;
  if (GetParam().name == "Ebpf") {  // whose history knows who took the port
    EXPECT_EQ(closed["bindings"][0]["creator"]["pid"], getpid()) << closed.dump(1);
    EXPECT_NE(text.find(" had it last"), std::string::npos) << text;
  }
}

TEST_P(WhyAndCheck, Orphan_IsBlocked) {
  const UniqueFd client = make_socket(Family::ipv4, kTcp);
  {
    const UniqueFd server = listening_socket("127.0.0.1", 7706);
    connect_to(client, "127.0.0.1", 7706);
    const UniqueFd accepted(accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }  // FIN_WAIT2: the client does not close
  const Json verdict = why("127.0.0.1:7706");
  expect_blocked(verdict, "orphan", "EADDRINUSE");
  EXPECT_EQ(reason(verdict, "timeWait"), nullptr) << verdict.dump(1);
}

TEST_P(WhyAndCheck, OrphanWithDataToSend_IsBlocked) {
  const UniqueFd client = make_socket(Family::ipv4, kTcp);
  {
    const UniqueFd server = listening_socket("127.0.0.1", 7711);
    connect_to(client, "127.0.0.1", 7711);
    const UniqueFd accepted(
        accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    const std::string data(1 << 16, 'x');
    while (send(accepted.get(), data.data(), data.size(), 0) > 0) {
    }
  }  // FIN_WAIT1: the client does not read
  const Json verdict = why("127.0.0.1:7711");
  expect_blocked(verdict, "orphan", "EADDRINUSE");
  EXPECT_EQ(reason(verdict, "timeWait"), nullptr) << verdict.dump(1);
}

TEST_P(WhyAndCheck, Vxlan_IsTheKernels) {
  ASSERT_EQ(run_command({"/usr/sbin/ip", "link", "add", "vx0", "type", "vxlan",
                         "id", "7", "dstport", "4789", "local", "127.0.0.1"})
                .exit_code,
            0);
  ASSERT_EQ(run_command({"/usr/sbin/ip", "link", "set", "vx0", "up"}).exit_code, 0);
  const Json verdict = why("4789/udp");
  // Without eBPF nobody can tell whose it is.
  const char* code = GetParam().name == "Ebpf" ? "kernel" : "listener";
  expect_blocked(verdict, code, "EADDRINUSE");
  const Json& held = *reason(verdict, code);
  EXPECT_NE(held["text"].get<std::string>().find("VXLAN"), std::string::npos)
      << held.dump(1);
  EXPECT_EQ(held["remedies"].back()["command"], "ip -d link show type vxlan");
}

TEST_P(WhyAndCheck, OtherNamespace_IsANote) {
  const Child elsewhere([] {
    static const FreshNetns other;
    listening_socket("127.0.0.1", 7707).release();
  });
  const Json verdict = why("7707");
  EXPECT_EQ(verdict["outcome"], "free") << verdict.dump(1);
  const Json* note = reason(verdict, "otherNamespace");
  ASSERT_NE(note, nullptr) << verdict.dump(1);
  EXPECT_EQ((*note)["blocks"], false);
}

TEST_P(WhyAndCheck, ForeignAddress_IsNotLocal) {
  expect_blocked(why("192.0.2.1:7708"), "notLocal", "EADDRNOTAVAIL");
}

TEST_P(WhyAndCheck, LinkLocalAddress_IsThatOfItsInterface) {
  ASSERT_EQ(run_command({"/usr/sbin/ip", "address", "add", "fe80::7/64", "dev",
                         "lo", "nodad"})
                .exit_code,
            0);
  EXPECT_EQ(say({"check", "[fe80::7%lo]:7710", "--try"}).exit_code, 0);
  EXPECT_EQ(say({"check", "[fe80::7%lo]:7710"}).exit_code, 0);
  expect_blocked(why("[fe80::7]:7710"), "notLocal", "EINVAL");
  EXPECT_EQ(why("[fe80::7%lo]:7710")["request"]["interface"], 1);
}

TEST_P(WhyAndCheck, LowPortAsUser_IsAPrivilege) {
  const auto said = say({"check", "127.0.0.1:80", "--json"},
                        {kNobody, {}, std::chrono::seconds(20)});
  EXPECT_EQ(said.exit_code, 1) << said.out << said.err;
  const Json verdict = Json::parse(said.out, nullptr, false);
  ASSERT_TRUE(verdict.is_object()) << said.out;
  expect_blocked(verdict, "lowPort", "EACCES");
  EXPECT_EQ(say({"check", "127.0.0.1:80", "--try"},
                {kNobody, {}, std::chrono::seconds(20)})
                .exit_code,
            1);
}

TEST_P(WhyAndCheck, RootOfAUserNamespace_HasNoRightsOverThisNetwork) {
  std::vector<std::string> command = {"/usr/bin/unshare", "-Ur", PORTWATCH, "check",
                                      "127.0.0.1:80"};
  if (GetParam().no_daemon) {
    command.push_back("--no-daemon");
  } else {
    command.insert(command.end(), {"--socket", socket_path()});
  }
  for (const bool tries : {false, true}) {
    if (tries) {
      command.push_back("--try");
    }
    const auto said = run_command(command);
    EXPECT_EQ(said.exit_code, 1) << said.out << said.err;
    EXPECT_NE(said.out.find("EACCES"), std::string::npos) << said.out;
  }
}

// Not every kernel makes such sockets.
TEST_P(WhyAndCheck, Sctp_IsAsTheKernelSays) {
  const UniqueFd any(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP));
  EXPECT_EQ(say({"check", "127.0.0.1:7712/sctp"}).exit_code, any.valid() ? 0 : 1);
  EXPECT_EQ(say({"check", "127.0.0.1:7712/sctp", "--try"}).exit_code,
            any.valid() ? 0 : 1);
  if (!any.valid()) {
    expect_blocked(why("127.0.0.1:7712/sctp"), "unsupported", "EPROTONOSUPPORT");
  }
}

TEST_P(WhyAndCheck, SocketOfADevice_NamesIt) {
  const UniqueFd bound = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(setsockopt(bound.get(), SOL_SOCKET, SO_BINDTODEVICE, "lo", 2), 0);
  ASSERT_EQ(try_bind(bound, "0.0.0.0", 7713), 0);
  start_listening(bound);
  const Json verdict = why("7713");
  expect_blocked(verdict, "listener", "EADDRINUSE");
  const std::string text = (*reason(verdict, "listener"))["text"];
  EXPECT_NE(text.find("0.0.0.0:7713/tcp on interface lo "), std::string::npos)
      << text;
}

TEST_P(WhyAndCheck, Shadowed_IsANote) {
  const UniqueFd any = listening_socket("0.0.0.0", 7709);
  const Json verdict = why("127.0.0.1:7709");
  EXPECT_EQ(verdict["outcome"], "blocked") << verdict.dump(1);
}

TEST_P(WhyAndCheck, ExhaustedRange_NamesTheTopUsers) {
  std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << "40000 40003";
  std::vector<UniqueFd> taken;
  for (Port port = 40000; port <= 40003; ++port) {
    taken.push_back(listening_socket("0.0.0.0", port));
  }
  if (GetParam().no_daemon) {
    // It finds out what the kernel's tables show by a bind, which fails too.
    EXPECT_NE(why("0.0.0.0:0")["outcome"], "free");
  } else {
    expect_blocked(why("0.0.0.0:0"), "exhausted", "EADDRINUSE");
  }
}

INSTANTIATE_TEST_SUITE_P(Everywhere, WhyAndCheck,
                         ::testing::Values(Where{"Ebpf", {}},
                                           Where{"SockDiag",
                                                 {"--backend", "sock_diag"}},
                                           Where{"NoDaemon", {}, true}),
                         [](const auto& what) { return what.param.name; });

}  // namespace
}  // namespace portwatch::test
