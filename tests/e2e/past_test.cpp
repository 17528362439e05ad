// What was: history, who --at, over restarts and kills; orphans and owners.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fstream>

#include "tests/e2e/news.h"

namespace portwatch::test {
namespace {

class PastOfHost : public News {
 protected:
  void SetUp() override { start_daemon(); }
  void restart(int signal) {
    daemon_->stop(signal);
    daemon_.reset();
    start_daemon();
  }
  std::string now() const { return status_time(); }
  static std::string status_time() {
    return run_command({"/bin/date", "-u", "+%Y-%m-%dT%H:%M:%S.%NZ"})
        .out.substr(0, 26)
        .append("Z");
  }
};

TEST_F(PastOfHost, WhoHeldIt_IsKnownAfterItIsGone) {
  std::string then;
  pid_t pid = 0;
  {
    const Child server([] { listening_socket("127.0.0.1", 7801).release(); });
    pid = server.pid();
    EXPECT_EQ(ask({"who", "7801"}).exit_code, 0);
    then = now();
  }
  EXPECT_EQ(ask({"who", "7801"}).exit_code, 1);
  restart(SIGTERM);
  const Json said = json({"who", "7801", "--at", then});
  ASSERT_EQ(said["bindings"].size(), 1u) << said.dump(1);
  EXPECT_EQ(said["bindings"][0]["creator"]["pid"], pid);
  EXPECT_FALSE(said["bindings"][0]["since"].is_null());
  EXPECT_FALSE(said["bindings"][0]["until"].is_null());
  EXPECT_EQ(ask({"who", "7801", "--at", now()}).exit_code, 1);
}

TEST_F(PastOfHost, KilledDaemon_LosesAtMostTheLastSecond) {
  {
    const Child server([] { listening_socket("127.0.0.1", 7802).release(); });
  }
  // The batch is written within a second; a question waits for it.
  EXPECT_EQ(ask({"history", "7802"}).exit_code, 0);
  restart(SIGKILL);
  const Json said = json({"history", "7802"});
  EXPECT_EQ(said["bindings"].size(), 1u) << said.dump(1);
}

TEST_F(PastOfHost, HistoryOfAPort_HasEachHolderInTurn) {
  for (int i = 0; i < 3; ++i) {
    const Child server([] { listening_socket("127.0.0.1", 7803).release(); });
  }
  const Json said = json({"history", "7803"});
  ASSERT_EQ(said["bindings"].size(), 3u) << said.dump(1);
  EXPECT_LE(said["bindings"][0]["until"], said["bindings"][1]["since"]);
  EXPECT_EQ(ask({"history", "7804"}).exit_code, 1);
}

TEST_F(PastOfHost, StillHeld_HasNoEnd) {
  const UniqueFd server = listening_socket("127.0.0.1", 7805);
  const Json said = json({"history", "7805"});
  ASSERT_EQ(said["bindings"].size(), 1u) << said.dump(1);
  EXPECT_TRUE(said["bindings"][0]["until"].is_null());
}

TEST_F(PastOfHost, FailuresOutliveTheDaemon) {
  const UniqueFd server = listening_socket("127.0.0.1", 7806);
  const UniqueFd late = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(late, "127.0.0.1", 7806), EADDRINUSE);
  ASSERT_EQ(json({"failures", "7806"})["events"].size(), 1u);
  restart(SIGTERM);
  const Json said = json({"failures", "7806"});
  ASSERT_EQ(said["events"].size(), 1u) << said.dump(1);
  EXPECT_EQ(said["events"][0]["blockers"].size(), 1u);
}

TEST_F(PastOfHost, DamagedFile_IsSetAsideAndSaid) {
  daemon_->stop(SIGTERM);
  daemon_.reset();
  std::ofstream(directory_ / "history.db") << std::string(8192, 'x');
  start_daemon();
  const UniqueFd server = listening_socket("127.0.0.1", 7807);
  EXPECT_EQ(ask({"history", "7807"}).exit_code, 0);
  std::size_t aside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    aside += entry.path().string().find("damaged") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(aside, 1u);
}

TEST_F(PastOfHost, ParentDies_ChildIsAnOrphan) {
  const auto events = watch({"--event", "orphan", "--port", "7808"});
  int tell[2];
  ASSERT_EQ(pipe2(tell, O_CLOEXEC), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    const pid_t child = fork();
    if (child == 0) {
      const UniqueFd server = listening_socket("127.0.0.1", 7808);
      const pid_t self = getpid();
      (void)!write(tell[1], &self, sizeof self);
      pause();
      _exit(0);
    }
    pause();
    _exit(0);
  }
  pid_t child = 0;
  ASSERT_EQ(read(tell[0], &child, sizeof child),
            static_cast<ssize_t>(sizeof child));
  close(tell[0]);
  close(tell[1]);
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  const Json orphan = next(*events);
  const auto who = json({"who", "7808"});
  const auto doctor = ask({"doctor"});
  kill(child, SIGKILL);
  ASSERT_TRUE(orphan.is_object());
  EXPECT_EQ(orphan["process"]["pid"], child);
  EXPECT_EQ(orphan["previous"]["pid"], parent);
  EXPECT_EQ(who["bindings"][0]["holders"][0]["orphan"], true) << who.dump(1);
  EXPECT_EQ(doctor.exit_code, 1) << doctor.out << doctor.err;
  EXPECT_NE(doctor.out.find("has died"), std::string::npos) << doctor.out;
}

TEST_F(PastOfHost, AnotherProgramOnThePort_OwnerChanged) {
  const auto events = watch({"--event", "ownerChanged", "--port", "7809"});
  {
    const Child first([] { listening_socket("127.0.0.1", 7809).release(); });
    // Told while it lives: of one that is gone at once only the name is known, and
    // that is no evidence of another program.
    ASSERT_EQ(told("listen", 7809).size(), 1u);
  }
  Background second({"/usr/bin/python3", "-c",
                     "import socket,signal\n"
                     "s = socket.create_server(('127.0.0.1', 7809))\n"
                     "signal.pause()\n"},
                    false);
  const Json changed = next(*events);
  second.stop(SIGKILL);
  ASSERT_TRUE(changed.is_object());
  EXPECT_EQ(changed["previous"]["name"], "e2e_tests");
  EXPECT_EQ(changed["binding"]["creator"]["name"], "python3");
}

// A history that cannot be written is no reason to see or answer less.
TEST_F(PastOfHost, FullDisk_LosesHistoryAndSaysSo) {
  daemon_->stop(SIGTERM);
  daemon_.reset();
  configure("[history]\npath = \"/dev/full\"\n");
  start_daemon();
  const UniqueFd server = listening_socket("127.0.0.1", 7810);
  EXPECT_EQ(ask({"who", "7810"}).exit_code, 0);
  EXPECT_FALSE(status()["history"]["error"].is_null()) << status().dump(1);
  EXPECT_NE(ask({"history", "7810"}).exit_code, 1);
}

TEST_F(PastOfHost, Doctor_QuietAndZeroWhenClear) {
  const auto said = ask({"doctor", "7811", "-q"});
  EXPECT_EQ(said.out, "");
}

}  // namespace
}  // namespace portwatch::test
