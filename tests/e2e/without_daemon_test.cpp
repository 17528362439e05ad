// The command when no daemon answers, or none that can be trusted.
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>
#include <thread>

#include "tests/e2e/host.h"

namespace portwatch::test {
namespace {

UniqueFd listen_on_path(const std::string& path) {
  UniqueFd server(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  EXPECT_EQ(
      bind(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(listen(server.get(), 8), 0);
  return server;
}

// Each way a daemon's socket can be wrong.
class BadSocket : public Host, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    const std::string what = GetParam();
    if (what == "NotASocket") {
      std::ofstream(socket_path()) << "text";
    } else if (what == "NobodyListens") {
      listen_on_path(socket_path()).reset();
    } else if (what == "Hangs") {
      server_ = listen_on_path(socket_path());
    } else if (what == "Rubbish") {
      server_ = listen_on_path(socket_path());
      answering_ = std::thread([this] {
        const UniqueFd client(accept(server_.get(), nullptr, nullptr));
        (void)!write(client.get(), "HTTP/1.1 400 Bad\r\n\r\n\0", 21);
      });
    }
  }
  void TearDown() override {
    if (answering_.joinable()) {
      shutdown(server_.get(), SHUT_RDWR);
      answering_.join();
    }
    Host::TearDown();
  }
  UniqueFd server_;
  std::thread answering_;
};

TEST_P(BadSocket, AskedForByName_ExitThreeAndOneClearLine) {
  const UniqueFd socket = listening_socket("127.0.0.1", 7701);
  const CommandResult result = ask({"who", "7701"});
  EXPECT_EQ(result.exit_code, 3) << result.out << result.err;
  EXPECT_TRUE(result.out.empty());
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
      << result.err;
  EXPECT_NE(result.err.find(socket_path()), std::string::npos) << result.err;
}

INSTANTIATE_TEST_SUITE_P(Kinds, BadSocket,
                         ::testing::Values("Missing", "NotASocket", "NobodyListens",
                                           "Hangs", "Rubbish"),
                         [](const auto& kind) { return std::string(kind.param); });

class WithoutDaemon : public Host {};

TEST_F(WithoutDaemon, BestBackend_IsSockDiag) {
  const UniqueFd socket = listening_socket("127.0.0.1", 7702);
  const CommandResult result = ask_nobody({"who", "7702", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["source"], "sock_diag");
}

TEST_F(WithoutDaemon, OrdinaryUserAndForeignHolder_PartialAndExitThree) {
  const UniqueFd socket = listening_socket("127.0.0.1", 7703);
  CommandOptions as_nobody;
  as_nobody.uid = kNobody;
  for (const char* backend : {"sock_diag", "procfs"}) {
    const CommandResult result =
        ask_nobody({"who", "7703", "--json", "--backend", backend}, as_nobody);
    EXPECT_EQ(result.exit_code, 3) << backend << result.err << result.out;
    const Json answer = Json::parse(result.out);
    EXPECT_EQ(answer["confidence"], "partial") << backend;
    EXPECT_FALSE(answer["missing"].empty()) << backend;
    EXPECT_TRUE(answer["bindings"][0]["heldBy"].is_null()) << backend;
  }
}

TEST_F(WithoutDaemon, OrdinaryUserAndOwnHolder_IsNamed) {
  const Child child([] {
    // A process that changes its uid hides its /proc files until it execs.
    if (setgid(kNobody) != 0 || setuid(kNobody) != 0 ||
        prctl(PR_SET_DUMPABLE, 1) != 0) {
      _exit(1);
    }
    listening_socket("127.0.0.1", 7704).release();
  });
  CommandOptions as_nobody;
  as_nobody.uid = kNobody;
  const CommandResult result = ask_nobody({"who", "7704", "--json"}, as_nobody);
  EXPECT_EQ(result.exit_code, 0) << result.err << result.out;
  EXPECT_EQ(pids(ours(result).at(0)), std::vector<pid_t>{child.pid()});
}

TEST_F(WithoutDaemon, OrdinaryUserAndFreePort_ExitOne) {
  CommandOptions as_nobody;
  as_nobody.uid = kNobody;
  const CommandResult result =
      ask_nobody({"who", "7705", "--backend", "sock_diag"}, as_nobody);
  EXPECT_EQ(result.exit_code, 1) << result.err << result.out;
}

TEST_F(WithoutDaemon, Status_DownIsExitOneAndSaysHowToStart) {
  const CommandResult result = ask({"status"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_NE((result.out + result.err).find("portwatchd"), std::string::npos);
}

TEST_F(WithoutDaemon, BadPorts_ExitTwoAndOneLineThatShowsTheForm) {
  for (const char* bad : {"0", "70000", "abc", "5055/xyz", "", "-1", "5055/"}) {
    const CommandResult result = ask_nobody({"who", bad});
    EXPECT_EQ(result.exit_code, 2) << bad;
    EXPECT_TRUE(result.out.empty()) << bad;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
        << bad << ": " << result.err;
  }
  EXPECT_EQ(run_command({PORTWATCH, "who"}).exit_code, 2);
}

}  // namespace
}  // namespace portwatch::test
