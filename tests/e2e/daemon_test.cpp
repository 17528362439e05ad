// portwatchd as a program: start, stop, sockets, configuration, rights, rest.
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <fstream>

#include "tests/e2e/host.h"

namespace portwatch::test {
namespace {

class DaemonProgram : public Host {
 protected:
  // "voluntary_ctxt_switches" of the daemon.
  long wakeups() const {
    std::ifstream status("/proc/" + std::to_string(daemon_->pid()) + "/status");
    for (std::string word; status >> word;) {
      if (word == "voluntary_ctxt_switches:") {
        long count = 0;
        status >> count;
        return count;
      }
    }
    return -1;
  }
  void write_config(const std::string& text) const {
    std::ofstream(directory_ / "portwatchd.toml") << text;
  }
};

TEST_F(DaemonProgram, SecondOnTheSameSocket_RefusedAndTheFirstStillAnswers) {
  start_daemon();
  const auto second = make_daemon();
  EXPECT_FALSE(second->was_ready());
  EXPECT_EQ(second->stop(0), 1);
  EXPECT_NE(second->errors().find("already answers"), std::string::npos);
  EXPECT_EQ(ask({"status"}).exit_code, 0);
}

TEST_F(DaemonProgram, KilledDaemonsSocket_IsReplaced) {
  start_daemon();
  daemon_->stop(SIGKILL);
  EXPECT_TRUE(std::filesystem::exists(socket_path()));
  start_daemon();
  EXPECT_EQ(ask({"status"}).exit_code, 0);
}

TEST_F(DaemonProgram, FileInTheWay_RefusedAndUntouched) {
  std::ofstream(socket_path()) << "precious";
  const auto refused = make_daemon();
  EXPECT_EQ(refused->stop(0), 1);
  EXPECT_NE(refused->errors().find(socket_path()), std::string::npos);
  std::string text;
  std::ifstream(socket_path()) >> text;
  EXPECT_EQ(text, "precious");
}

TEST_F(DaemonProgram, SigtermAndSigint_CleanStop) {
  for (const int signal : {SIGTERM, SIGINT}) {
    start_daemon();
    EXPECT_EQ(daemon_->stop(signal), 0);
    EXPECT_FALSE(std::filesystem::exists(socket_path()));
  }
}

TEST_F(DaemonProgram, BrokenConfiguration_ExitTwoWithFileAndLine) {
  write_config("[log]\nlevel = 7\n");
  const auto refused = make_daemon();
  EXPECT_EQ(refused->stop(0), 2);
  EXPECT_NE(refused->errors().find("portwatchd.toml:2"), std::string::npos);
}

TEST_F(DaemonProgram, CheckAndShowConfiguration_EndAtOnce) {
  const std::vector<std::string> program = {PORTWATCHD, "--private",
                                            directory_.path()};
  const auto run = [&](const std::string& option) {
    auto argv = program;
    argv.push_back(option);
    return run_command(argv);
  };
  const std::string path = directory_ / "portwatchd.toml";
  write_config("[limits]\nclients = 9\n");
  const auto checked = run("--check-config");
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_EQ(checked.out, path + ": ok\n");
  const auto shown = run("--show-config");
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_NE(shown.out.find("\nclients = 9  # " + path + ":2\n"), std::string::npos);
  write_config("[limits]\nclints = 9\n");
  for (const char* const option : {"--check-config", "--show-config"}) {
    const auto broken = run(option);
    EXPECT_EQ(broken.exit_code, 2);
    EXPECT_EQ(broken.err, path + ":2: unknown key 'limits.clints'\n");
  }
  EXPECT_FALSE(std::filesystem::exists(socket_path()));
}

TEST_F(DaemonProgram, HangupWithBrokenConfiguration_KeepsServing) {
  start_daemon();
  write_config("nonsense = true\n");
  kill(daemon_->pid(), SIGHUP);
  EXPECT_EQ(ask({"status"}).exit_code, 0);
  daemon_->stop(SIGTERM);
  const std::string log = daemon_->errors();
  EXPECT_NE(log.find("portwatchd.toml:1"), std::string::npos) << log;
  EXPECT_NE(log.find("the old one stays"), std::string::npos) << log;
}

TEST_F(DaemonProgram, Hangup_AppliesTheNewConfiguration) {
  start_daemon();
  const auto events = [this] {
    const auto out = ask({"watch", "-n", "100", "--timeout", "0.2s", "--json"}).out;
    return std::count(out.begin(), out.end(), '\n');
  };
  for (const Port port : {Port{5055}, Port{5056}, Port{5057}}) {
    bound_socket("127.0.0.1", port);
  }
  EXPECT_EQ(events(), 6);  // bind and release
  write_config("[events]\nrecent = 1\n[log]\nlevel = \"debug\"\n");
  kill(daemon_->pid(), SIGHUP);
  for (int i = 0; i < 50 && events() != 1; ++i) {
  }
  EXPECT_EQ(events(), 1);
  write_config("[ring]\nsize = \"64KiB\"\n");
  kill(daemon_->pid(), SIGHUP);
  for (int i = 0; i < 5; ++i) {
    events();
  }
  daemon_->stop(SIGTERM);
  const std::string log = daemon_->errors();
  EXPECT_NE(log.find("but for ring, ebpf and history: they take a restart"),
            std::string::npos)
      << log;
}

TEST_F(DaemonProgram, UnknownOption_ExitTwo) {
  EXPECT_EQ(run_command({PORTWATCHD, "--nonsense"}).exit_code, 2);
  EXPECT_EQ(run_command({PORTWATCHD, "--backend", "magic"}).exit_code, 2);
}

TEST_F(DaemonProgram, NothingHappens_ItDoesNotWakeUp) {
  start_daemon();
  ask({"status"});
  // Longer than any interval that a program would poll at; three tries, because
  // something else on this host may take or drop a port meanwhile.
  bool quiet = false;
  for (int i = 0; i < 3 && !quiet; ++i) {
    const long before = wakeups();
    ASSERT_GE(before, 0);
    run_command({"/bin/sleep", "10"});
    quiet = wakeups() == before;
  }
  EXPECT_TRUE(quiet);
}

TEST_F(DaemonProgram, OrdinaryUser_GetsTheOwnerAndNoMore) {
  start_daemon();
  const UniqueFd socket = listening_socket("127.0.0.1", 7501);
  CommandOptions as_nobody;
  as_nobody.uid = kNobody;
  const CommandResult result = ask({"who", "7501", "--json"}, as_nobody);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto bindings = ours(result);
  ASSERT_EQ(bindings.size(), 1u);
  const Json& holder = bindings[0]["holders"][0];
  EXPECT_EQ(holder["pid"], getpid());
  EXPECT_EQ(holder["user"], "root");
  EXPECT_TRUE(holder["exe"].is_null());
  EXPECT_TRUE(holder["fds"].is_null());
}

// The kernel charges what we keep with a socket to that socket's option memory.
TEST_F(DaemonProgram, SocketThatCannotBeTracked_IsSaidUntilItCan) {
  const auto option_memory = [](const char* bytes) {
    std::ofstream file("/proc/sys/net/core/optmem_max");
    file << bytes;
    file.close();
    return file.good();
  };
  start_daemon();
  ASSERT_TRUE(option_memory("1")) << "optmem_max is not of this namespace here";
  const UniqueFd socket = listening_socket("127.0.0.1", 7502);
  const Json without = Json::parse(ask({"who", "7502", "--json"}).out);
  EXPECT_EQ(without["confidence"], "partial") << without.dump(1);
  ASSERT_EQ(without["bindings"].size(), 1u) << "the full pass finds it";
  EXPECT_EQ(without["bindings"][0]["holders"][0]["pid"], getpid());
  EXPECT_GT(Json::parse(ask({"status", "--json"}).out)["eventsLost"], 0);
  ASSERT_TRUE(option_memory("131072"));
  ask({"who", "7502", "--json"});  // tries again
  const Json with = Json::parse(ask({"who", "7502", "--json"}).out);
  EXPECT_EQ(with["missing"], Json::array()) << with.dump(1);
  EXPECT_EQ(with["bindings"].size(), 1u);
}

TEST_F(DaemonProgram, EmptyPrivateDirectory_IsNotTheSystems) {
  const CommandResult result = run_command({PORTWATCHD, "--private", ""});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("--private"), std::string::npos) << result.err;
}

TEST_F(DaemonProgram, LostRecords_AreToldAndTheTableIsRight) {
  write_config("[ring]\nsize = \"4KiB\"\n");
  start_daemon();
  UniqueFd gone = listening_socket("127.0.0.1", 7599);
  ASSERT_EQ(ours(ask({"who", "7599", "--json"})).size(), 1u);
  kill(daemon_->pid(), SIGSTOP);
  std::vector<UniqueFd> sockets;
  for (Port port = 7600; port < 7700; ++port) {
    sockets.push_back(listening_socket("127.0.0.1", port));
  }
  gone.reset();  // its release finds no room either
  kill(daemon_->pid(), SIGCONT);
  // 100 binds and a release, told as they happened or as repairs.
  const auto events = ask({"watch", "-n", "1000", "--event", "resynced", "--count",
                           "1", "--json", "--timeout", "5s"});
  EXPECT_NE(events.out.find("\"resynced\""), std::string::npos) << events.err;
  EXPECT_EQ(ask({"who", "7599"}).exit_code, 1);
  // The last one's records were lost: that it is known since when, and by whom,
  // comes from the kernel's picture.
  const auto last = ours(ask({"who", "7699", "--json"}));
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0]["creator"]["pid"], getpid());
  EXPECT_FALSE(last[0]["since"].is_null());
  const Json status = Json::parse(ask({"status", "--json"}).out);
  EXPECT_GT(status["eventsLost"], 0);
  EXPECT_GT(status["resyncs"], 0);
}

}  // namespace
}  // namespace portwatch::test
