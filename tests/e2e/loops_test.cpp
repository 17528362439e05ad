// A service that fails again and again: one alert with its cause, one end.
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/e2e/news.h"
#include "tests/support/foreign_program.h"
#include "tests/support/trusted_dir.h"

namespace portwatch::test {
namespace {

class Loops : public News {
 protected:
  // A daemon whose hook writes each event that it gets as a line of its own.
  void start_with_hook(const std::string& toml = "") {
    const std::string events = directory_of_hooks_ / "events";
    directory_of_hooks_.script("hook", "{ cat; echo; } >>" + events + "\n");
    configure(toml +
              "[[hook]]\non = [\"bindFailureLoop\", \"crashLoop\", \"loopEnded\"]\n"
              "exec = [\"" +
              (directory_of_hooks_ / "hook") + "\"]\n");
    start_daemon();
  }
  std::vector<std::string> hooked() const {
    std::ifstream file(directory_of_hooks_ / "events");
    std::vector<std::string> types;
    for (std::string line; std::getline(file, line);) {
      const Json event = Json::parse(line, nullptr, false);
      if (event.is_object()) {
        types.push_back(event["event"]);
      }
    }
    return types;
  }
  // Waits until the hook has had `count` events, then returns them sorted.
  std::vector<std::string> hooked(std::size_t count) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    auto types = hooked();
    while (types.size() < count && std::chrono::steady_clock::now() < end) {
      run_command({"/bin/sleep", "0.05"});
      types = hooked();
    }
    std::sort(types.begin(), types.end());
    return types;
  }

  const TrustedDir directory_of_hooks_;
};

// One life: takes the port, or tries to, and dies with `code`.
void live_and_die(Port port, const std::string& how) {
  run_command({"/usr/bin/python3", "-c",
               "import socket,sys,os,signal\n"
               "s = socket.socket()\n"
               "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
               "s.bind(('127.0.0.1', int(sys.argv[1])))\n"
               "s.listen()\n" +
                   how,
               std::to_string(port)});
}

TEST_F(Loops, ServiceThatCannotBind_OneCrashLoopWithItsBlocker) {
  start_with_hook();
  const UniqueFd holder = listening_socket("127.0.0.1", 7601);
  const auto events = watch({"--event", "crashLoop", "--port", "7601"});
  for (int i = 0; i < 7; ++i) {
    live_and_die(7601, "");
  }
  const Json loop = next(*events);
  ASSERT_TRUE(loop.is_object());
  EXPECT_EQ(loop["event"], "crashLoop");
  EXPECT_EQ(loop["count"], 5);
  EXPECT_EQ(loop["subject"]["kind"], "program");
  EXPECT_EQ(loop["cause"], "bind: EADDRINUSE");
  ASSERT_EQ(loop["blockers"].size(), 1u) << loop.dump(1);
  EXPECT_TRUE(is_ours(loop["blockers"][0]));
  EXPECT_EQ(loop["lastExit"]["code"], 1);
  EXPECT_EQ(told("crashLoop", 7601).size(), 1u);
  EXPECT_EQ(told("bindFailureLoop", 7601).size(), 0u);
  const Json said = json({"loops", "7601"});
  ASSERT_EQ(said["events"].size(), 1u) << said.dump(1);
  EXPECT_EQ(said["events"][0]["count"], 7);
  EXPECT_EQ(hooked(1), std::vector<std::string>{"crashLoop"});
}

TEST_F(Loops, ServiceThatDies_IsToldWithItsSignal) {
  start_with_hook();
  for (int i = 0; i < 6; ++i) {
    live_and_die(7602, "os.kill(os.getpid(), signal.SIGSEGV)\n");
  }
  const auto loops = told("crashLoop", 7602);
  ASSERT_EQ(loops.size(), 1u) << Json(loops).dump(1);
  EXPECT_EQ(loops[0]["lastExit"]["signal"], "SIGSEGV");
  EXPECT_EQ(loops[0]["cause"], "killed by SIGSEGV");
  EXPECT_TRUE(loops[0]["blockers"].is_null());
}

TEST_F(Loops, MendedService_OneLoopEnded) {
  start_with_hook("[detect.crash_loop]\nreset_after = \"1s\"\n");
  const std::string flag = directory_ / "mended";
  const std::string life = "if not os.path.exists('" + flag +
                           "'): os._exit(3)\n"
                           "signal.pause()\n";
  for (int i = 0; i < 5; ++i) {
    live_and_die(7603, life);
  }
  ASSERT_EQ(told("crashLoop", 7603).size(), 1u);
  const auto events = watch({"--event", "loopEnded", "--port", "7603"});
  std::ofstream(flag) << "yes";
  const pid_t mended = fork();
  if (mended == 0) {
    live_and_die(7603, life);
    _exit(0);
  }
  const Json ended = next(*events);
  const Json holder = json({"who", "7603"})["bindings"].at(0)["holders"].at(0);
  kill(holder["pid"].get<pid_t>(), SIGTERM);
  waitpid(mended, nullptr, 0);
  ASSERT_TRUE(ended.is_object());
  EXPECT_EQ(ended["event"], "loopEnded");
  EXPECT_EQ(ended["count"], 5);
  EXPECT_EQ(told("loopEnded", 7603).size(), 1u);
  EXPECT_EQ(hooked(2), (std::vector<std::string>{"crashLoop", "loopEnded"}));
}

TEST_F(Loops, ContainersCgroup_IsTheSubject) {
  start_with_hook();
  const std::string id(64, 'c');
  const FreshCgroup container("/docker/" + id);
  const pid_t supervisor = fork();
  if (supervisor == 0) {
    container.take_in(getpid());
    for (int i = 0; i < 5; ++i) {
      live_and_die(7604, "os._exit(" + std::to_string(i + 1) + ")\n");
    }
    _exit(0);
  }
  waitpid(supervisor, nullptr, 0);
  const auto loops = told("crashLoop", 7604);
  ASSERT_EQ(loops.size(), 1u) << Json(loops).dump(1);
  EXPECT_EQ(loops[0]["subject"]["kind"], "container");
  EXPECT_EQ(loops[0]["subject"]["name"], "docker:cccccccccccc");
  EXPECT_EQ(loops[0]["lastExit"]["code"], 5);
}

TEST_F(Loops, Command_ShowsTheActiveOne) {
  start_with_hook();
  EXPECT_EQ(ask({"loops"}).exit_code, 1);
  for (int i = 0; i < 7; ++i) {
    live_and_die(7605, "os._exit(3)\n");
  }
  const auto page = ask({"loops"});
  EXPECT_EQ(page.exit_code, 0) << page.err;
  EXPECT_NE(page.out.find("keeps dying on port 7605"), std::string::npos)
      << page.out;
  const Json said = json({"loops", "7605"});
  EXPECT_EQ(said["active"], 1) << said.dump(1);
  ASSERT_EQ(said["events"].size(), 1u) << said.dump(1);
  EXPECT_EQ(said["events"][0]["active"], true);
  EXPECT_EQ(said["events"][0]["count"], 7);
  EXPECT_EQ(said["events"][0]["lastExit"]["code"], 3);
}

TEST_F(Loops, AlertThatNobodyRemembers_LoopIsToldAllTheSame) {
  configure("[history]\npath = \"\"\n[events]\nrecent = 0\n");
  start_daemon();
  EXPECT_EQ(ask({"doctor", "-q"}).exit_code, 3);  // without a history
  for (int i = 0; i < 5; ++i) {
    live_and_die(7607, "os._exit(3)\n");
  }
  const Json said = json({"loops"});
  ASSERT_EQ(said["events"].size(), 1u) << said.dump(1);
  EXPECT_EQ(said["events"][0]["event"], "crashLoop");
  const auto page = ask({"doctor"});
  EXPECT_EQ(page.exit_code, 1) << page.out;
  EXPECT_NE(page.out.find("keeps dying on 7607/tcp"), std::string::npos)
      << page.out;
}

TEST_F(Loops, BegunBeforeARestart_GoOnAndEnd) {
  configure("[detect.crash_loop]\nburst = 2\ninterval = \"15s\"\n");
  start_daemon();
  for (int i = 0; i < 2; ++i) {
    live_and_die(7608, "os._exit(3)\n");
  }
  ASSERT_EQ(told("crashLoop", 7608).size(), 1u);
  daemon_->stop(SIGTERM);
  start_daemon();
  live_and_die(7608, "os._exit(3)\n");
  EXPECT_TRUE(told("crashLoop", 7608).empty());  // it has been told
  const Json said = json({"loops", "7608"});
  ASSERT_EQ(said["events"].size(), 1u) << said.dump(1);
  EXPECT_EQ(said["events"][0]["active"], true);
  EXPECT_EQ(said["events"][0]["count"], 3);
  const auto events = watch({"--event", "loopEnded", "--port", "7608", "-n", "1"});
  const Json ended = next(*events);
  ASSERT_TRUE(ended.is_object());
  EXPECT_EQ(ended["first"], said["events"][0]["first"]);
  EXPECT_EQ(json({"loops", "7608"})["active"], 0);
}

// A shell whose child serves the port; returns when it does.
std::unique_ptr<Background> shell_with_server(Port port) {
  const std::string server =
      "python3 -c \"import socket, signal\n"
      "s = socket.create_server(('127.0.0.1', " +
      std::to_string(port) +
      "))\n"
      "print('up', flush=True); signal.pause()\" & wait";
  auto shell = std::make_unique<Background>(
      std::vector<std::string>{"/bin/sh", "-c", server}, false);
  EXPECT_EQ(shell->read_line(), "up");
  return shell;
}

TEST_F(Loops, OrphanOfBeforeARestart_IsStillKnown) {
  start_daemon();
  const auto events = watch({"--event", "orphan", "--port", "7609"});
  const auto shell = shell_with_server(7609);
  Background& parent = *shell;
  parent.stop(SIGKILL);
  const Json orphan = next(*events);
  daemon_->stop(SIGTERM);
  start_daemon();
  const Json who = json({"who", "7609"});
  const int doctor = ask({"doctor", "7609", "-q"}).exit_code;
  ASSERT_TRUE(orphan.is_object());
  kill(orphan["process"]["pid"].get<pid_t>(), SIGKILL);
  EXPECT_EQ(who["bindings"][0]["holders"][0]["orphan"], true) << who.dump(1);
  EXPECT_EQ(doctor, 1);
}

// Without eBPF lives are compared by looks: they must be longer than one interval.
TEST_F(Loops, PolledLives_AreCounted) {
  configure("[snapshot]\ninterval = \"50ms\"\n");
  start_daemon({"--backend", "sock_diag"});
  for (int i = 0; i < 5; ++i) {
    Background life({"/usr/bin/python3", "-c",
                     "import socket,os,sys\n"
                     "s = socket.create_server(('127.0.0.1', 7606))\n"
                     "sys.stdin.read(0)\n"
                     "print('up', flush=True)\n"
                     "import signal; signal.pause()\n"},
                    false);
    ASSERT_EQ(life.read_line(), "up");
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (told("listen", 7606).size() < static_cast<std::size_t>(i + 1) &&
           std::chrono::steady_clock::now() < end) {
    }
    life.stop(SIGKILL);
  }
  const auto events = watch({"--event", "crashLoop", "--port", "7606", "-n", "1"});
  const Json loop = next(*events);
  ASSERT_TRUE(loop.is_object());
  EXPECT_EQ(loop["lastExit"]["signal"], "SIGKILL");
}

// Half of the descriptors are for processes that are watched.
TEST_F(Loops, MoreProcessesThanDescriptors_AreSaidToBeMissing) {
  configure("[snapshot]\ninterval = \"50ms\"\n");
  daemon_ = std::make_unique<Background>(
      std::vector<std::string>{"/usr/bin/prlimit", "--nofile=256:256", PORTWATCHD,
                               "--private", directory_.path(), "--backend",
                               "sock_diag"},
      true);
  ASSERT_TRUE(daemon_->was_ready());
  const auto gaps = [&] { return json({"loops"})["missing"].dump(); };
  Background servers({"/usr/bin/python3", "-c",
                      "import os, signal, socket\n"
                      "end, ours = os.pipe()\n"
                      "for i in range(200):\n"
                      "    if os.fork() == 0:\n"
                      "        os.close(ours)\n"
                      "        s = socket.create_server(('127.0.0.1', 7700 + i))\n"
                      "        os.read(end, 1)  # until our parent is gone\n"
                      "        os._exit(0)\n"
                      "print('up', flush=True)\n"
                      "signal.pause()\n"},
                     false);
  ASSERT_EQ(servers.read_line(), "up");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (gaps().find("RLIMIT_NOFILE") == std::string::npos &&
         std::chrono::steady_clock::now() < end) {
  }
  EXPECT_NE(gaps().find("loops: the ends of some processes"), std::string::npos)
      << status().dump(1);
  EXPECT_EQ(json({"loops"})["confidence"], "partial");
}

// Who was there before the daemon is watched too.
TEST_F(Loops, PolledServerOfBefore_OrphanWhenItsParentDies) {
  const auto owner = shell_with_server(7610);
  Background& parent = *owner;
  configure("[snapshot]\ninterval = \"50ms\"\n");
  start_daemon({"--backend", "sock_diag"});
  const auto events = watch({"--event", "orphan", "--port", "7610"});
  const pid_t shell = parent.pid();
  parent.stop(SIGKILL);
  const Json orphan = next(*events);
  ASSERT_TRUE(orphan.is_object());
  kill(orphan["process"]["pid"].get<pid_t>(), SIGKILL);
  EXPECT_EQ(orphan["previous"]["pid"], shell);
}

}  // namespace
}  // namespace portwatch::test
