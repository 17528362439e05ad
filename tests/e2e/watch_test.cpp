// `portwatch watch`: every change, in order, none missing.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/e2e/host.h"

namespace portwatch::test {
namespace {

class Watch : public Host {
 protected:
  void SetUp() override { start_daemon(); }
  // Starts a watch and returns when it is subscribed: its first event, a bind
  // that we make for it, has arrived.
  std::unique_ptr<Background> watch(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {PORTWATCH, "--socket", socket_path(), "watch", "--json"});
    auto started = std::make_unique<Background>(arguments, false);
    while (Json::parse(ask({"status", "--json"}).out)["subscribers"] == 0) {
    }
    return started;
  }
};

void serve_and_exit(Port port) {
  const pid_t pid = fork();
  if (pid == 0) {
    listening_socket("127.0.0.1", port).release();
    _exit(0);
  }
  waitpid(pid, nullptr, 0);
}

TEST_F(Watch, ThousandShortLivedServers_ThreeEventsEachInOrder) {
  constexpr int kServers = 1000;
  const auto events = watch({"--port", "7401"});
  for (int i = 0; i < kServers; ++i) {
    serve_and_exit(7401);
  }
  std::uint64_t last_seq = 0;
  for (int i = 0; i < kServers; ++i) {
    for (const char* type : {"bind", "listen", "release"}) {
      const Json event = Json::parse(events->read_line(), nullptr, false);
      ASSERT_TRUE(event.is_object()) << "server " << i << ": no " << type;
      ASSERT_EQ(event["event"], type) << "server " << i;
      ASSERT_GT(event["seq"], last_seq);
      last_seq = event["seq"];
      ASSERT_EQ(event["binding"]["port"], 7401);
    }
  }
}

TEST_F(Watch, EventFilter_OnlyThatType) {
  const auto events = watch({"--event", "release", "--port", "7402"});
  serve_and_exit(7402);
  EXPECT_EQ(Json::parse(events->read_line())["event"], "release");
}

TEST_F(Watch, BindEvent_NamesTheCreator) {
  const auto events = watch({"--port", "7403", "--count", "1"});
  const UniqueFd socket = listening_socket("127.0.0.1", 7403);
  const Json event = Json::parse(events->read_line());
  EXPECT_EQ(event["binding"]["creator"]["pid"], getpid());
  EXPECT_FALSE(event["binding"]["creator"]["exe"].is_null());
  EXPECT_FALSE(event["binding"]["since"].is_null());
}

// A server that takes a port as root and another one as somebody else.
TEST_F(Watch, CreatorThatChangedBetweenTwoBinds_IsAsItWasAtEach) {
  const Child child([] {
    listening_socket("127.0.0.1", 7408).release();
    if (setresuid(kNobody, kNobody, kNobody) != 0 ||
        prctl(PR_SET_NAME, "renamed") != 0) {
      _exit(1);
    }
    listening_socket("127.0.0.1", 7409).release();
  });
  const auto creator = [this](const char* port) {
    const auto found = ours(ask({"who", port, "--json"}));
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? Json{} : found[0]["creator"];
  };
  EXPECT_EQ(creator("7408")["uid"], 0);
  EXPECT_EQ(creator("7408")["name"], "e2e_tests");
  EXPECT_EQ(creator("7409")["uid"], kNobody);
  EXPECT_EQ(creator("7409")["name"], "renamed");
}

TEST_F(Watch, Recent_ShowsWhatWasBefore) {
  serve_and_exit(7404);
  const auto result =
      ask({"watch", "-n", "3", "--port", "7404", "--count", "3", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3);
}

TEST_F(Watch, TimeoutBeforeTheCount_ExitFive) {
  const auto result =
      ask({"watch", "--port", "7405", "--count", "1", "--timeout", "100ms"});
  EXPECT_EQ(result.exit_code, 5) << result.err;
}

TEST_F(Watch, PolledDaemon_ChangesAreMarkedReconstructed) {
  daemon_.reset();
  std::filesystem::remove(socket_path());
  start_daemon({"--backend", "sock_diag"});
  const auto events = watch({"--port", "7406"});
  const UniqueFd socket = listening_socket("127.0.0.1", 7406);
  const Json event = Json::parse(events->read_line());
  EXPECT_EQ(event["event"], "bind");
  EXPECT_EQ(event["reconstructed"], true);
}

TEST_F(Watch, NoDaemon_TheCommandLooksAgainAndAgain) {
  Background events({PORTWATCH, "watch", "--json", "--no-daemon", "--port", "7407",
                     "--interval", "50ms"},
                    false);
  // The first look is the base; a socket opened while it runs may be part of
  // it, so sockets come and go until one is told.
  std::string line;
  for (int i = 0; i < 100 && line.empty(); ++i) {
    const UniqueFd socket = listening_socket("127.0.0.1", 7407);
    pollfd wait{events.out(), POLLIN, 0};
    if (poll(&wait, 1, 200) == 1) {
      line = events.read_line();
    }
  }
  const Json event = Json::parse(line, nullptr, false);
  ASSERT_TRUE(event.is_object()) << line;
  EXPECT_EQ(event["reconstructed"], true);
}

}  // namespace
}  // namespace portwatch::test
