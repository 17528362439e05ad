// What was: history, who --at, over restarts and kills; orphans and owners.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

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
  static std::string now() {
    return run_command({"/bin/date", "-u", "+%Y-%m-%dT%H:%M:%S.%NZ"})
        .out.substr(0, 26)
        .append("Z");
  }
  // On a busy host the writer may take longer than an answer waits for it, which is
  // said.
  static bool is_stale(const std::string& said) {
    return said.find("the disk is slow") != std::string::npos;
  }
  CommandResult ask_past(const std::vector<std::string>& arguments) const {
    const auto late = deadline();
    CommandResult said = ask(arguments);
    while (is_stale(said.out) && !is_past(late)) {
      said = ask(arguments);
    }
    return said;
  }
  Json json(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    const auto said = ask_past(arguments);
    const Json document = Json::parse(said.out, nullptr, false);
    EXPECT_TRUE(document.is_object()) << said.out << said.err;
    return document;
  }
  // On a busy host the ring may be full for a moment: that is said, and then nobody
  // knows.
  void expect_nobody(const std::vector<std::string>& arguments) const {
    const auto said = ask_past(arguments);
    const bool lost = said.out.find("events were lost") != std::string::npos;
    EXPECT_EQ(said.exit_code, lost ? 3 : 1) << said.out << said.err;
  }
  static bool is_cut(const Json& answer) {
    const std::string missing = answer["missing"].dump();
    return missing.find("only the youngest") != std::string::npos;
  }
  void stop_daemon() {
    daemon_->stop(SIGTERM);
    daemon_.reset();
  }
  static std::chrono::steady_clock::time_point deadline() {
    return std::chrono::steady_clock::now() + std::chrono::seconds(60);
  }
  static bool is_past(std::chrono::steady_clock::time_point when) {
    return std::chrono::steady_clock::now() > when;
  }
};

// Takes a port, lets it go, takes the next, 500 times a second at most.
class Storm {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Storm(Port first) : next_(first), thread_([this] { run(); }) {}
  ~Storm() { stop(); }
  void stop() {
    stopping_ = true;
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  // The ports that were taken, and let go of, `age` ago or earlier, as soon as
  // there are `count` of them; fewer after a minute.
  std::set<Port> wait_for(std::size_t count, std::chrono::seconds age) {
    std::unique_lock lock(mutex_);
    more_.wait_for(lock, std::chrono::seconds(60), [&] {
      return taken_.size() >= count &&
             taken_[count - 1].second <= Clock::now() - age;
    });
    std::set<Port> ports;
    for (const auto& [port, time] : taken_) {
      if (time <= Clock::now() - age) {
        ports.insert(port);
      }
    }
    return ports;
  }

 private:
  void run() {
    while (!stopping_ && next_ < 60'000) {
      listening_socket("127.0.0.1", next_).reset();
      {
        const std::lock_guard lock(mutex_);
        taken_.emplace_back(next_++, Clock::now());
      }
      more_.notify_one();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));  // a pace
    }
  }

  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::pair<Port, Clock::time_point>> taken_;
  std::atomic<bool> stopping_{false};
  Port next_;
  std::thread thread_;  // last: it uses all the others
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
  expect_nobody({"who", "7801", "--at", now()});
}

TEST_F(PastOfHost, TimeThatNobodyWatched_CannotBeKnown) {
  const std::string early = "2026-01-02T03:04:05Z";
  EXPECT_EQ(ask({"who", "7801", "--at", early}).exit_code, 3);
  const std::string watched = now();
  stop_daemon();
  const std::string stopped = now();
  start_daemon();
  expect_nobody({"who", "7801", "--at", watched});
  const auto said = ask({"who", "7801", "--at", stopped});
  EXPECT_EQ(said.exit_code, 3);
  EXPECT_NE(said.out.find("history: not watched at"), std::string::npos)
      << said.out;
  EXPECT_EQ(ask({"history", "7801", "--since", watched}).exit_code, 3);
  expect_nobody({"history", "7801"});
  stop_daemon();
  start_daemon({"--backend", "procfs"});
  EXPECT_EQ(ask({"who", "7801", "--at", now()}).exit_code, 3);
}

// In the middle of a storm: what is older than a second is there. Three of them,
// for a machine that is slow.
TEST_F(PastOfHost, KilledDaemon_LosesAtMostTheLastSecond) {
  Storm storm(20'000);
  std::set<Port> owed = storm.wait_for(500, std::chrono::seconds(3));
  restart(SIGKILL);
  storm.stop();
  ASSERT_GE(owed.size(), 500u);
  const Json said = json({"history", "--limit", "10000"});
  for (const Json& binding : said["bindings"]) {
    owed.erase(binding["port"].get<Port>());
  }
  EXPECT_EQ(owed.size(), 0u) << said["bindings"].size() << said["missing"];
}

TEST_F(PastOfHost, MoreThanThePageOfAnAnswer_IsAllThereOrSaysSo) {
  Storm storm(20'000);
  ASSERT_GE(storm.wait_for(1100, std::chrono::seconds(0)).size(), 1100u);
  storm.stop();
  const Json all = json({"history"});  // the youngest 1000
  EXPECT_EQ(all["bindings"].size(), 1000u);
  EXPECT_TRUE(is_cut(all)) << all["missing"];
  const Json more = json({"history", "--limit", "10000"});
  EXPECT_GE(more["bindings"].size(), 1100u);
  EXPECT_FALSE(is_cut(more)) << more["missing"];
  EXPECT_LT(more["bindings"].front()["since"], more["bindings"].back()["since"]);
}

TEST_F(PastOfHost, HowItEnded_IsWithWhatItHeld) {
  ASSERT_EQ(run_command({"/usr/bin/python3", "-c",
                         "import socket,sys\n"
                         "s = socket.create_server(('127.0.0.1', 7812))\n"
                         "sys.exit(7)\n"})
                .exit_code,
            7);
  Json said;
  const auto late = deadline();
  do {  // the end of a process is told after that of its sockets
    said = json({"history", "7812"});
    ASSERT_EQ(said["bindings"].size(), 1u) << said.dump(1);
  } while (said["bindings"][0]["lastExit"].is_null() && !is_past(late));
  EXPECT_EQ(said["bindings"][0]["lastExit"]["code"], 7) << said.dump(1);
  EXPECT_NE(ask({"history", "7812"}).out.find("exit 7"), std::string::npos);
}

TEST_F(PastOfHost, HistoryOfAPort_HasEachHolderInTurn) {
  for (int i = 0; i < 3; ++i) {
    const Child server([] { listening_socket("127.0.0.1", 7803).release(); });
  }
  const Json said = json({"history", "7803"});
  ASSERT_EQ(said["bindings"].size(), 3u) << said.dump(1);
  EXPECT_LE(said["bindings"][0]["until"], said["bindings"][1]["since"]);
  expect_nobody({"history", "7804"});
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

TEST_F(PastOfHost, RowsThatMakeNoSense_AreSaid) {
  const UniqueFd first = listening_socket("127.0.0.1", 7644);
  ASSERT_EQ(try_bind(make_socket(Family::ipv4, kTcp), "127.0.0.1", 7644),
            EADDRINUSE);
  ASSERT_EQ(json({"failures", "7644"})["events"].size(), 1u);
  daemon_->stop(SIGTERM);
  const char* const spoil =
      "import sqlite3,sys\n"
      "with sqlite3.connect(sys.argv[1]) as past:\n"
      "    for table in 'event', 'binding':\n"
      "        past.execute(f\"UPDATE {table} SET document='{{' WHERE "
      "port=7644\")\n";
  ASSERT_EQ(
      run_command({"/usr/bin/python3", "-c", spoil, directory_ / "history.db"})
          .exit_code,
      0);
  start_daemon();
  for (const char* const question : {"failures", "history"}) {
    const Json said = json({question, "7644", "--until", now()});
    EXPECT_EQ(said["confidence"], "partial") << said.dump(1);
    EXPECT_NE(said["missing"].dump().find("make no sense"), std::string::npos)
        << said.dump(1);
  }
}

TEST_F(PastOfHost, DamagedFile_IsSetAsideAndSaid) {
  stop_daemon();
  std::ofstream(directory_ / "history.db")
      << std::string("SQLite format 3\0", 16) << std::string(8192, 'x');
  start_daemon();
  const UniqueFd server = listening_socket("127.0.0.1", 7807);
  EXPECT_EQ(json({"history", "7807"})["bindings"].size(), 1u);
  std::size_t aside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    aside += entry.path().string().find("damaged") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(aside, 1u);
}

TEST_F(PastOfHost, NoDatabase_IsLeftAloneAndSaid) {
  stop_daemon();
  const std::string precious = directory_ / "precious.txt";
  std::ofstream(precious) << "precious\n";
  configure("[history]\npath = \"" + precious + "\"\n");
  start_daemon();
  const auto said = ask({"history"});
  EXPECT_EQ(said.exit_code, 3);
  EXPECT_NE(said.err.find("left alone"), std::string::npos) << said.err;
  std::string text;
  std::getline(std::ifstream(precious), text);
  EXPECT_EQ(text, "precious");
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

// A file system of 1 MiB that only this process and its children see.
class FullDisk : public PastOfHost {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(disk());
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(mount("tmpfs", disk().c_str(), "tmpfs", 0, "size=1m"), 0);
    configure("[history]\npath = \"" + disk() + "/history.db\"\n");
    start_daemon();
  }
  void TearDown() override {
    PastOfHost::TearDown();
    umount2(disk().c_str(), MNT_DETACH);
  }
  std::string disk() const { return directory_ / "disk"; }
  void fill() const {
    const UniqueFd file(creat((disk() + "/ballast").c_str(), 0600));
    const std::string bytes(4096, 'b');
    while (write(file.get(), bytes.data(), bytes.size()) > 0) {
    }
  }
  // Takes and lets go of a port until the status says so.
  bool busy_until(bool has_error) const {
    const auto late = deadline();
    while (status()["history"]["error"].is_null() == has_error) {
      listening_socket("127.0.0.1", 7813).reset();
      if (is_past(late)) {
        return false;
      }
    }
    return true;
  }
};

// A history that cannot be written is no reason to see or answer less.
TEST_F(FullDisk, LosesHistoryOnlyAndGoesOn) {
  fill();
  ASSERT_TRUE(busy_until(true)) << status().dump(1);
  const auto events = watch({"--event", "listen", "--port", "7810"});
  {
    const UniqueFd server = listening_socket("127.0.0.1", 7810);
    EXPECT_EQ(next(*events)["binding"]["port"], 7810);
    EXPECT_EQ(ask({"who", "7810"}).exit_code, 0);
  }
  EXPECT_EQ(ask({"history", "7899"}).exit_code, 3);
  std::filesystem::remove(disk() + "/ballast");
  ASSERT_TRUE(busy_until(false)) << status().dump(1);
  const UniqueFd server = listening_socket("127.0.0.1", 7814);
  EXPECT_EQ(json({"history", "7814"})["bindings"].size(), 1u);
}

TEST_F(PastOfHost, Doctor_QuietAndZeroWhenClear) {
  const auto quiet = ask({"doctor", "7811", "-q"});
  EXPECT_EQ(quiet.exit_code, 0) << quiet.err;
  EXPECT_EQ(quiet.out + quiet.err, "");
  const auto page = ask({"doctor", "7811"});
  EXPECT_EQ(page.exit_code, 0) << page.out << page.err;
  EXPECT_NE(page.out.find("7811"), std::string::npos) << page.out;
}

}  // namespace
}  // namespace portwatch::test
