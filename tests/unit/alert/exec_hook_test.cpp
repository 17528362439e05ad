#include "userspace/alert/exec_hook.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "tests/support/trusted_dir.h"
#include "tests/unit/alert/run_loop.h"

namespace portwatch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Watched;
using Lines = std::vector<std::string>;

class HookRunTest : public testing::Test {
 protected:
  HookRunTest() : loop_(test::make_loop()) {
    command_.timeout = seconds(60);
    command_.environment = {"PATH=/usr/bin:/bin"};
  }
  // "pid N" is a process that is watched from then on.
  void on_line(const std::string& line) {
    pid_t pid = 0;
    if (line.rfind("pid ", 0) == 0 &&
        std::from_chars(line.data() + 4, line.data() + line.size(), pid).ec ==
            std::errc{}) {
      started_.emplace_back(pid);
    } else {
      lines_.push_back(line);
    }
  }
  Result<void> start(const std::string& script) {
    command_.argv.insert(command_.argv.begin(), directory_.script("hook", script));
    auto run = HookRun::start(
        *loop_, command_, [this](const std::string& line) { on_line(line); },
        [this](const Result<void>& outcome) {
          outcome_ = outcome;
          run_.reset();
          loop_->stop();
        });
    if (!run) {
      return run.error();
    }
    run_ = std::move(run).value();
    return {};
  }
  void run(const std::string& script) {
    const auto started = start(script);
    ASSERT_TRUE(started) << started.error().context;
    run_until([this] { return outcome_.has_value(); });
    ASSERT_TRUE(outcome_);
  }
  void run_until(const std::function<bool()>& until) {
    test::run_until(*loop_, until);
  }
  bool all_end() const {
    return std::all_of(started_.begin(), started_.end(),
                       [](const Watched& process) { return process.ends(); });
  }

  const test::TrustedDir directory_;
  std::unique_ptr<EventLoop> loop_;
  HookCommand command_;
  Lines lines_;
  std::vector<Watched> started_;
  std::unique_ptr<HookRun> run_;
  std::optional<Result<void>> outcome_;
};

TEST_F(HookRunTest, Program_GetsArgumentsEnvironmentAndInput) {
  command_.argv = {"--urgent", "a b;$(c)"};
  command_.environment.emplace_back("PORTWATCH_EVENT=crashLoop");
  command_.input = R"({"event":"crashLoop"})";
  run("echo \"$# $1 $2\"; env | grep -v ^_= | sort; pwd; cat; echo problem >&2\n");
  EXPECT_TRUE(*outcome_) << outcome_->error().context;
  EXPECT_EQ(lines_, (Lines{"2 --urgent a b;$(c)", "PATH=/usr/bin:/bin",
                           "PORTWATCH_EVENT=crashLoop", "PWD=/", "/",
                           R"({"event":"crashLoop"}problem)"}));
}

TEST_F(HookRunTest, Input_CanBeLargerThanAPipeAndNeedsNoReader) {
  command_.input = std::string(10'000'000, 'x');
  run("exit 0\n");
  EXPECT_TRUE(*outcome_) << outcome_->error().context;
}

TEST_F(HookRunTest, OpenDescriptors_StayOurs) {
  const UniqueFd leaky(fcntl(STDERR_FILENO, F_DUPFD, 50));  // no close-on-exec
  run("exec ls /proc/self/fd\n");
  EXPECT_EQ(lines_, (Lines{"0", "1", "2", "3"}));  // 3 is what ls reads
}

TEST_F(HookRunTest, SignalsOfTheDaemon_AreNotInherited) {
  sigset_t set;
  sigset_t before;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, &before);
  const auto old_pipe = signal(SIGPIPE, SIG_IGN);
  run("grep -E '^Sig(Blk|Ign)' /proc/self/status\n");
  signal(SIGPIPE, old_pipe);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_EQ(lines_[0], "SigBlk:?0000000000000000");
  // glibc's posix_spawn ignores 32 and 33, its own, which no program asks for.
  const auto ignored = std::stoull(lines_[1].substr(8), nullptr, 16);
  EXPECT_EQ(ignored & ~(3ull << 31), 0u) << lines_[1];
}

TEST_F(HookRunTest, Program_HasASessionOfItsOwn) {
  run("cut -d' ' -f1,5,6 /proc/$$/stat; echo \"$$ $$ $$\"\n");
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_EQ(lines_[0], lines_[1]);
}

TEST_F(HookRunTest, BadEnd_SaysHow) {
  run("exit 127\n");
  EXPECT_EQ(outcome_->error().context, "ended with status 127");
}

TEST_F(HookRunTest, Signal_SaysWhich) {
  run("kill -USR1 $$\n");
  EXPECT_EQ(outcome_->error().context, "killed by SIGUSR1");
}

TEST_F(HookRunTest, Timeout_EndsTheWholeGroup) {
  command_.timeout = seconds(5);
  command_.grace = milliseconds(300);
  run("trap '' TERM\n"
      "sleep 1000 & echo pid $!\n"
      "(trap '' TERM; exec >/dev/null 2>&1; sleep 1000) & echo pid $!\n"
      "echo pid $$\nwhile :; do wait; done\n");
  EXPECT_EQ(outcome_->error().code, Errc::timed_out);
  EXPECT_EQ(outcome_->error().context, "did not end within 5000 ms");
  EXPECT_EQ(started_.size(), 3u);
  EXPECT_TRUE(all_end());
}

TEST_F(HookRunTest, TimeoutWhoseLeaderObeys_EndsThoseWhoDoNot) {
  command_.timeout = seconds(5);
  command_.grace = milliseconds(300);
  run("(trap '' TERM; sleep 1000) & echo pid $!\necho pid $$\nsleep 1000\n");
  EXPECT_EQ(outcome_->error().code, Errc::timed_out);
  EXPECT_EQ(started_.size(), 2u);
  EXPECT_TRUE(all_end());
}

TEST_F(HookRunTest, GoodEnd_LeavesNobodyBehind) {
  command_.grace = milliseconds(300);
  run("sleep 1000 & echo pid $!\n"
      "(trap '' TERM; sleep 1000) & echo pid $!\n"
      "sleep 1000 >/dev/null 2>&1 & echo pid $!\n");
  EXPECT_TRUE(*outcome_) << outcome_->error().context;
  EXPECT_EQ(started_.size(), 3u);
  EXPECT_TRUE(all_end());
}

TEST_F(HookRunTest, EndlessOutput_IsBoundedAndTakenAway) {
  command_.timeout = seconds(100);
  run("yes | dd bs=1M iflag=fullblock count=1000 2>/dev/null\n");
  EXPECT_TRUE(*outcome_) << outcome_->error().context;
  ASSERT_EQ(lines_.size(), 1025u);
  EXPECT_EQ(lines_.back(), "(the rest of the output is discarded)");
}

TEST_F(HookRunTest, ClosedOutput_IsNoEnd) {
  run("exec >/dev/null 2>&1\nsleep 0.2\nexit 3\n");
  EXPECT_EQ(outcome_->error().context, "ended with status 3");
}

TEST_F(HookRunTest, Destruction_EndsItsGroup) {
  ASSERT_TRUE(
      start("(trap '' TERM; sleep 1000) & echo pid $!\n"
            "echo pid $$\nsleep 1000\n"));
  run_until([this] { return started_.size() == 2; });
  EXPECT_TRUE(started_[0].alive());
  run_.reset();
  EXPECT_TRUE(all_end());
  EXPECT_FALSE(outcome_);
}

TEST_F(HookRunTest, MissingOrWritableProgram_IsNotStarted) {
  command_.argv = {directory_ / "absent"};
  const auto missing = HookRun::start(*loop_, command_, nullptr, nullptr);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  command_.argv = {directory_.file("open", "#!/bin/sh\n", 0777)};
  const auto open = HookRun::start(*loop_, command_, nullptr, nullptr);
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code, Errc::not_permitted);
}

TEST_F(HookRunTest, NoInterpreter_IsAnError) {
  command_.argv = {directory_.file("text", "echo hi\n", 0755)};
  const auto text = HookRun::start(*loop_, command_, nullptr, nullptr);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().context, directory_ / "text" + ": Exec format error");
}

}  // namespace
}  // namespace portwatch
