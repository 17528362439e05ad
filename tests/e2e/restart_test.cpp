// A daemon that was killed or upgraded: its successor goes on where it stopped.
#include <sys/socket.h>

#include <algorithm>
#include <fstream>

#include "tests/e2e/host.h"
#include "userspace/base/clock.h"

namespace portwatch::test {
namespace {

namespace fs = std::filesystem;

class Restart : public Host {
 protected:
  void SetUp() override { write_config("", pins_); }
  void TearDown() override {
    Host::TearDown();
    std::error_code ignored;
    for (const std::string& layout : layouts()) {
      for (const auto& pin : fs::directory_iterator(layout, ignored)) {
        unlink(pin.path().c_str());
      }
      rmdir(layout.c_str());
    }
    rmdir(pins_.c_str());
  }

  void write_config(const std::string& text, const std::string& pins) const {
    std::ofstream(directory_ / "portwatchd.toml")
        << text << "[ebpf]\npins = \"" << pins << "\"\n";
  }
  std::vector<std::string> layouts() const {
    std::error_code ignored;
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(pins_, ignored)) {
      found.push_back(entry.path());
    }
    return found;
  }
  Json only(Port port) const {
    const auto found = ours(ask({"who", std::to_string(port), "--json"}));
    EXPECT_EQ(found.size(), 1u) << port;
    return found.empty() ? Json() : found[0];
  }
  // "bind 7801", "release 7802": what the daemon has told since its start, of our
  // namespace, oldest first.
  std::vector<std::string> told() const {
    std::vector<std::string> lines;
    std::istringstream out(
        ask({"watch", "-n", "1024", "--timeout", "1s", "--json"}).out);
    for (std::string line; std::getline(out, line);) {
      const Json event = Json::parse(line);
      // A failure of another test's, which runs beside this one.
      const Json& asked = event.contains("requested") ? event["requested"] : event;
      if (asked.contains("netns") && asked["netns"] != netns_.inode()) {
        continue;
      }
      if (!event.contains("binding") || event["binding"].is_null()) {
        lines.push_back(event["event"]);
      } else if (event["binding"]["netns"] == netns_.inode()) {
        lines.push_back(event["event"].get<std::string>() + " " +
                        event["binding"]["protocol"].get<std::string>() + " " +
                        std::to_string(event["binding"]["port"].get<int>()));
      }
    }
    return lines;
  }
  Json status() const { return Json::parse(ask({"status", "--json"}).out); }
  void kill_daemon() { daemon_->stop(SIGKILL); }

  // No dots: bpffs refuses them.
  const std::string pins_ =
      "/sys/fs/bpf/portwatch-test-" +
      fs::path(directory_.path()).extension().string().substr(1);
};

using Lines = std::vector<std::string>;

// The same but for a microsecond of `since`: each daemon measures anew how far the
// wall clock is from the boot clock.
void expect_same(Json before, Json after) {
  const auto taken = [](Json& binding) {
    WallTime time;
    EXPECT_TRUE(from_rfc3339(binding["since"], time));
    binding.erase("since");
    return time;
  };
  const auto moved = taken(after) - taken(before);
  EXPECT_LE(std::chrono::abs(moved), std::chrono::microseconds(1));
  EXPECT_EQ(after, before);
}

TEST_F(Restart, Killed_OldSocketsKeepIdSinceAndCreator) {
  start_daemon();
  const UniqueFd listener = listening_socket("127.0.0.1", 7801);
  const UniqueFd udp = bound_socket("::", 7802, kUdp);
  const UniqueFd mptcp = listening_socket("0.0.0.0", 7803, kMptcp);
  const std::vector<Json> before = {only(7801), only(7802), only(7803)};
  kill_daemon();
  start_daemon();
  for (const Json& one : before) {
    expect_same(one, only(one["port"]));
  }
  EXPECT_EQ(before[0]["creator"]["pid"], getpid());
  EXPECT_EQ(status()["pins"], pins_);
}

TEST_F(Restart, Killed_WhatHappenedMeanwhileIsToldOnceInOrder) {
  start_daemon();
  UniqueFd listener = listening_socket("127.0.0.1", 7811);
  UniqueFd mptcp = listening_socket("127.0.0.1", 7812, kMptcp);
  const UniqueFd silent = bound_socket("127.0.0.1", 7813);
  UniqueFd udp = bound_socket("127.0.0.1", 7814, kUdp);
  UniqueFd automatic = bound_socket("127.0.0.1", 0);
  const std::string port = std::to_string(port_of(automatic));
  ask({"status"});
  kill_daemon();
  listener.reset();
  mptcp.reset();
  start_listening(silent);
  udp.reset();
  start_listening(automatic);
  bound_socket("127.0.0.1", 7815);
  const UniqueFd fresh = listening_socket("127.0.0.1", 7816);
  start_daemon();
  EXPECT_EQ(told(),
            (Lines{"release tcp 7811", "release mptcp 7812", "listen tcp 7813",
                   "release udp 7814", "listen tcp " + port, "bind tcp 7815",
                   "release tcp 7815", "bind tcp 7816", "listen tcp 7816"}));
  EXPECT_EQ(only(7816)["creator"]["pid"], getpid());
  EXPECT_EQ(status()["eventsLost"], 0);
}

// What is left of an MPTCP connection, its subflow, lives for as long as its peer.
class RestartWithMptcpClient : public Restart {
 protected:
  void SetUp() override {
    Restart::SetUp();
    start_daemon();
    server_ = listening_socket("127.0.0.1", 7821, kMptcp);
    client_ = bound_socket("127.0.0.1", 7822, kMptcp);
    connect_to(client_, "127.0.0.1", 7821);
    peer_ = UniqueFd(accept4(server_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ask({"status"});
  }

  UniqueFd server_;
  UniqueFd client_;
  UniqueFd peer_;
};

TEST_F(RestartWithMptcpClient, ClosedMeanwhile_ReleasedAtOnceAndOnce) {
  kill_daemon();
  client_.reset();
  start_daemon();
  EXPECT_EQ(told(), (Lines{"release mptcp 7822"}));
  peer_.reset();
  server_.reset();
  EXPECT_EQ(told(), (Lines{"release mptcp 7822", "release mptcp 7821"}));
}

TEST_F(RestartWithMptcpClient, ClosedBefore_IsNotReleasedAgain) {
  client_.reset();
  ask({"status"});
  kill_daemon();
  start_daemon();
  peer_.reset();
  server_.reset();
  EXPECT_EQ(told(), (Lines{"release mptcp 7821"}));
}

TEST_F(Restart, Killed_ConnectionsOfMeanwhileAreNoBindings) {
  const UniqueFd server = listening_socket("127.0.0.1", 7818);
  start_daemon();
  UniqueFd before = make_socket(Family::ipv4, kUdp);
  connect_to(before, "127.0.0.1", 7819);
  ask({"status"});
  kill_daemon();
  before.reset();
  {
    const UniqueFd tcp = make_socket(Family::ipv4, kTcp);
    connect_to(tcp, "127.0.0.1", 7818);
    const UniqueFd udp = make_socket(Family::ipv4, kUdp);
    connect_to(udp, "127.0.0.1", 7819);
  }
  start_daemon();
  EXPECT_EQ(told(), Lines());
}

TEST_F(Restart, Killed_LossOfMeanwhileIsToldAndRepaired) {
  write_config("[ring]\nsize = \"4KiB\"\n", pins_);
  start_daemon();
  kill_daemon();
  for (int i = 0; i < 100; ++i) {
    bound_socket("127.0.0.1", 7821);
  }
  const UniqueFd unseen = listening_socket("127.0.0.1", 7822);
  start_daemon();
  const Lines lines = told();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "eventsLost"), 1);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "resynced"), 1);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "listen tcp 7822"), 1);
  EXPECT_FALSE(only(7822)["since"].is_null());
  const Json lost = status()["eventsLost"];
  EXPECT_GT(lost, 100);
  kill_daemon();  // and told once only
  start_daemon();
  EXPECT_EQ(status()["eventsLost"], 0);
}

TEST_F(Restart, CleanStop_LeavesNothingInTheKernel) {
  start_daemon();
  EXPECT_EQ(layouts().size(), 1u);
  EXPECT_EQ(daemon_->stop(SIGTERM), 0);
  EXPECT_FALSE(fs::exists(pins_));
}

TEST_F(Restart, Usr2_SamePidGoesOnWithNewProgram) {
  start_daemon();
  const UniqueFd listener = listening_socket("127.0.0.1", 7831);
  const Json before = only(7831);
  const std::string started = status()["started"];
  kill(daemon_->pid(), SIGUSR2);
  CommandResult now;
  for (int i = 0; i < 500; ++i) {
    now = ask({"status", "--json"});
    if (now.exit_code == 0 && Json::parse(now.out)["started"] != started) {
      break;
    }
  }
  ASSERT_EQ(now.exit_code, 0);
  EXPECT_EQ(Json::parse(now.out)["pid"], daemon_->pid());
  EXPECT_NE(Json::parse(now.out)["started"], started);
  expect_same(before, only(7831));
  EXPECT_EQ(daemon_->stop(SIGTERM), 0);
  EXPECT_FALSE(fs::exists(pins_));
}

TEST_F(Restart, OtherLayout_IsReplacedNotTrusted) {
  start_daemon();
  const UniqueFd listener = listening_socket("127.0.0.1", 7841);
  only(7841);
  kill_daemon();
  ASSERT_EQ(layouts().size(), 1u);
  const std::string own = layouts()[0];
  fs::rename(own, pins_ + "/portwatch-0123456789abcdef");
  start_daemon();
  EXPECT_EQ(layouts(), Lines{own});
  EXPECT_TRUE(only(7841)["since"].is_null());
}

TEST_F(Restart, StartThatWasCutShort_IsMadeAnew) {
  start_daemon();
  kill_daemon();
  ASSERT_EQ(layouts().size(), 1u);
  ASSERT_EQ(unlink((layouts()[0] + "/pw_ring").c_str()), 0);
  start_daemon();
  const UniqueFd listener = listening_socket("127.0.0.1", 7851);
  EXPECT_FALSE(only(7851)["since"].is_null());
  EXPECT_EQ(told(), (Lines{"bind tcp 7851", "listen tcp 7851"}));
}

// Without pins the daemon works, and says what that costs.
class Unpinned : public Restart, public ::testing::WithParamInterface<const char*> {
 protected:
  void TearDown() override {
    chmod(pins_.c_str(), 0700);
    Restart::TearDown();
  }
  void spoil(const std::string& how) {
    if (how == "NoBpfFileSystem") {
      write_config("", "/run/portwatch-test-pins");
    } else if (how == "OthersMayWrite") {
      ASSERT_EQ(mkdir(pins_.c_str(), 0700), 0);
      ASSERT_EQ(chmod(pins_.c_str(), 0777), 0);
    } else {
      write_config("", "");
    }
  }
};

TEST_P(Unpinned, AnswersAndSaysSo) {
  spoil(GetParam());
  start_daemon();
  EXPECT_TRUE(status()["pins"].is_null());
  const UniqueFd listener = listening_socket("127.0.0.1", 7861);
  EXPECT_EQ(only(7861)["creator"]["pid"], getpid());
  EXPECT_EQ(daemon_->stop(SIGTERM), 0);
  const bool warned =
      daemon_->errors().find("nothing outlives a crash") != std::string::npos;
  EXPECT_EQ(warned, GetParam() != std::string("NotWanted"));
}

INSTANTIATE_TEST_SUITE_P(Why, Unpinned,
                         ::testing::Values("NoBpfFileSystem", "OthersMayWrite",
                                           "NotWanted"),
                         [](const auto& one) { return std::string(one.param); });

TEST_F(Restart, PinsInUse_SecondDaemonGoesWithout) {
  start_daemon();
  const TempDir other;
  std::ofstream(other / "portwatchd.toml")
      << "[ebpf]\npins = \"" << pins_ << "\"\n";
  Background second({PORTWATCHD, "--private", other.path()}, true);
  EXPECT_TRUE(second.was_ready());
  EXPECT_EQ(second.stop(SIGTERM), 0);
  EXPECT_NE(second.errors().find("in use by another portwatchd"),
            std::string::npos);
  EXPECT_EQ(layouts().size(), 1u);
}

}  // namespace
}  // namespace portwatch::test
