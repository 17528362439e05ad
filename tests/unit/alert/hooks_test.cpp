#include "userspace/alert/hooks.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "tests/fakes/fake_http_server.h"
#include "tests/support/trusted_dir.h"
#include "tests/unit/alert/run_loop.h"
#include "tests/unit/alert/sample_changes.h"

namespace portwatch {
namespace {

using std::chrono::seconds;
using test::crash_loop;
using test::FakeHttpServer;
using test::Watched;

class HeldClock final : public Clock {
 public:
  BootTime boot_now() const override { return now; }
  WallTime wall_now() const override { return WallTime{}; }
  BootTime now = seconds(1000);
};

class HooksTest : public testing::Test {
 protected:
  HooksTest() : loop_(test::make_loop()) {
    options_.webhooks.first_pause = std::chrono::milliseconds(1);
  }
  void make() {
    hooks_ = std::make_unique<Hooks>(
        *loop_, clock_,
        [this](HookLevel level, const std::string& line) {
          (level == HookLevel::info ? said_ : warned_).push_back(line);
        },
        options_);
  }
  HookRule exec_rule(const std::string& script) {
    HookRule rule;
    rule.on = {ChangeType::crash_loop};
    rule.exec = {directory_.script("hook" + std::to_string(++scripts_), script)};
    rule.timeout = seconds(60);
    rule.origin = "a.toml:" + std::to_string(scripts_);
    return rule;
  }
  static HookRule webhook_rule(const std::string& url) {
    HookRule rule;
    rule.on = {ChangeType::crash_loop};
    rule.webhook = url;
    rule.origin = "a.toml:9";
    return rule;
  }
  bool counted(std::uint64_t delivered, std::uint64_t failed) const {
    const AlertStatus status = hooks_->status();
    return status.delivered == delivered && status.failed == failed;
  }
  void run_steps(std::vector<test::Step> steps) {
    test::StepRunner(*loop_, std::move(steps)).run();
  }
  void run_until(const std::function<bool()>& until) {
    test::run_until(*loop_, until);
  }

  // The next one when all before it were delivered by one of the rules.
  void deliver_one_by_one(std::size_t count) {
    std::vector<test::Step> steps;
    for (std::size_t i = 0; i <= count; ++i) {
      steps.push_back({[this, i] { return counted(i, 0); },
                       [this, i, count] {
                         if (i < count) {
                           hooks_->deliver(crash_loop(), "{}");
                         }
                       }});
    }
    run_steps(std::move(steps));
  }

  const test::TrustedDir directory_;
  int scripts_ = 0;
  std::unique_ptr<EventLoop> loop_;
  HeldClock clock_;
  Hooks::Options options_;
  std::vector<std::string> said_;
  std::vector<std::string> warned_;
  std::unique_ptr<Hooks> hooks_;
};

TEST_F(HooksTest, Match_RunsTheProgramWithTheEvent) {
  make();
  hooks_->set_rules({exec_rule("echo $PORTWATCH_EVENT $PORTWATCH_PORT; cat\n")});
  hooks_->deliver(test::failed_bind(), "{}");
  hooks_->deliver(crash_loop(), "{\"x\":1}");
  run_until([&] { return counted(1, 0); });
  EXPECT_EQ(said_, (std::vector<std::string>{"hook a.toml:1: crashLoop 80",
                                             "hook a.toml:1: {\"x\":1}"}));
  EXPECT_TRUE(warned_.empty());
  EXPECT_EQ(hooks_->status().hooks, 1u);
}

TEST_F(HooksTest, EveryRuleThatMatches_Runs) {
  make();
  hooks_->set_rules({exec_rule("echo a\n"), exec_rule("echo b\n")});
  hooks_->deliver(crash_loop(), "{}");
  run_until([&] { return counted(2, 0); });
  std::sort(said_.begin(), said_.end());
  EXPECT_EQ(said_,
            (std::vector<std::string>{"hook a.toml:1: a", "hook a.toml:2: b"}));
}

TEST_F(HooksTest, Failures_AreCountedAndTold) {
  make();
  HookRule vanished = exec_rule("");
  ASSERT_EQ(unlink(vanished.exec[0].c_str()), 0);
  HookRule replaceable = exec_rule("echo never\n");
  ASSERT_EQ(chmod(replaceable.exec[0].c_str(), 0777), 0);
  hooks_->set_rules({exec_rule("exit 1\n"), vanished, replaceable});
  hooks_->deliver(crash_loop(), "{}");
  run_until([&] { return counted(0, 3); });
  std::sort(warned_.begin(), warned_.end());
  EXPECT_EQ(
      warned_,
      (std::vector<std::string>{
          "hook a.toml:1: " + vanished.exec[0] + ": No such file or directory",
          "hook a.toml:2: " + replaceable.exec[0] + " is writable by everybody",
          "hook a.toml:3: ended with status 1"}));
  EXPECT_TRUE(said_.empty());
}

TEST_F(HooksTest, Cooldown_SuppressesTheSameButNotAnother) {
  make();
  HookRule rule = exec_rule("");
  rule.cooldown = seconds(300);
  hooks_->set_rules({rule});
  hooks_->deliver(crash_loop(80), "{}");
  hooks_->deliver(crash_loop(80), "{}");
  hooks_->deliver(crash_loop(81), "{}");
  EXPECT_EQ(hooks_->status().suppressed, 1u);
  clock_.now += seconds(299);
  hooks_->deliver(crash_loop(80), "{}");
  EXPECT_EQ(hooks_->status().suppressed, 2u);
  clock_.now += seconds(1);
  hooks_->deliver(crash_loop(80), "{}");
  EXPECT_EQ(hooks_->status().suppressed, 2u);
  run_until([&] { return counted(3, 0); });
}

TEST_F(HooksTest, Reload_KeepsTheCooldownsOfRulesThatStay) {
  make();
  HookRule rule = exec_rule("");
  rule.cooldown = seconds(300);
  hooks_->set_rules({rule});
  hooks_->deliver(crash_loop(), "{}");
  HookRule moved = rule;
  moved.origin = "b.toml:77";
  hooks_->set_rules({moved});
  hooks_->deliver(crash_loop(), "{}");
  EXPECT_EQ(hooks_->status().suppressed, 1u);
  moved.cooldown = seconds(301);  // another rule
  hooks_->set_rules({moved});
  hooks_->deliver(crash_loop(), "{}");
  EXPECT_EQ(hooks_->status().suppressed, 1u);
  run_until([&] { return counted(2, 0); });
}

TEST_F(HooksTest, Reload_LetsRunsGoOn) {
  make();
  const std::string gate = directory_ / "gate";
  ASSERT_EQ(mkfifo(gate.c_str(), 0600), 0);
  hooks_->set_rules(
      {exec_rule("echo begun; read line <" + gate + "; echo $line\n")});
  hooks_->deliver(crash_loop(), "{}");
  run_steps({{[&] { return said_.size() == 1; },
              [&] {
                hooks_->set_rules({});
                const UniqueFd open_gate(open(gate.c_str(), O_WRONLY));
                EXPECT_EQ(write(open_gate.get(), "go\n", 3), 3);
              }},
             {[&] { return counted(1, 0); }, nullptr}});
  EXPECT_EQ(said_.back(), "hook a.toml:1: go");
  EXPECT_EQ(hooks_->status().hooks, 0u);
}

TEST_F(HooksTest, FullQueue_DropsAndTellsOnce) {
  options_.max_running = 2;
  options_.max_waiting = 3;
  make();
  const std::string gate = directory_ / "gate";
  ASSERT_EQ(mkfifo(gate.c_str(), 0600), 0);
  hooks_->set_rules({exec_rule("read line <" + gate + "\n")});
  for (int i = 0; i < 9; ++i) {
    hooks_->deliver(crash_loop(), "{}");
  }
  EXPECT_EQ(hooks_->status().dropped, 4u);
  EXPECT_EQ(warned_, (std::vector<std::string>{
                         "hook a.toml:1: event dropped, as too many runs wait "
                         "already"}));
  // Read and write: it neither blocks nor ever is at its end.
  const UniqueFd open_gate(open(gate.c_str(), O_RDWR));
  const std::string lines(5, '\n');
  ASSERT_EQ(write(open_gate.get(), lines.data(), lines.size()), 5);
  run_until([&] { return counted(5, 0); });
}

TEST_F(HooksTest, ProgramThatHangs_DelaysNoOtherRule) {
  options_.grace = std::chrono::milliseconds(1);  // of our end
  make();
  const HookRule hanging =
      exec_rule("trap '' TERM\nwhile :; do sleep 1000; done\n");
  const HookRule prompt = exec_rule("echo prompt\n");
  hooks_->set_rules({hanging, prompt});
  deliver_one_by_one(2 * options_.max_waiting);
  EXPECT_EQ(said_.size(), 2 * options_.max_waiting);
  EXPECT_EQ(hooks_->status().dropped, options_.max_waiting - options_.max_running);
}

TEST_F(HooksTest, WebhookThatHangs_DelaysNoOtherRuleAndIsBounded) {
  const FakeHttpServer hanging({0});
  const FakeHttpServer server({200});
  make();
  HookRule endless = webhook_rule(hanging.url());
  endless.timeout = std::chrono::hours(1);
  hooks_->set_rules({endless, webhook_rule(server.url())});
  deliver_one_by_one(2 * options_.max_waiting);
  EXPECT_EQ(hooks_->status().dropped, options_.max_waiting - options_.max_running);
  EXPECT_LE(hanging.requests().size(), options_.max_running);
}

TEST_F(HooksTest, DroppedEvent_StartsNoCooldown) {
  options_.max_running = 0;
  options_.max_waiting = 0;
  make();
  HookRule rule = exec_rule("");
  rule.cooldown = seconds(300);
  hooks_->set_rules({rule});
  hooks_->deliver(crash_loop(), "{}");
  hooks_->deliver(crash_loop(), "{}");
  EXPECT_EQ(hooks_->status().dropped, 2u);
  EXPECT_EQ(hooks_->status().suppressed, 0u);
}

TEST_F(HooksTest, Destruction_LetsObedientProgramsEndAndKillsTheOthers) {
  options_.grace = std::chrono::milliseconds(500);
  make();
  const std::string proof = directory_ / "proof";
  HookRule obedient =
      exec_rule("trap 'echo ended >" + proof +
                "; exit' TERM\necho $$\nwhile :; do sleep 0.01; done\n");
  HookRule stubborn =
      exec_rule("trap '' TERM\necho $$\nwhile :; do sleep 1000; done\n");
  hooks_->set_rules({obedient, stubborn});
  hooks_->deliver(crash_loop(), "{}");
  run_until([&] { return said_.size() == 2; });
  std::vector<Watched> programs;
  for (const std::string& line : said_) {
    programs.emplace_back(std::stoi(line.substr(line.rfind(' ') + 1)));
  }
  hooks_.reset();
  EXPECT_TRUE(programs[0].ends());
  EXPECT_TRUE(programs[1].ends());
  EXPECT_TRUE(std::filesystem::exists(proof));
}

TEST_F(HooksTest, Webhooks_AreSentAndCounted) {
  const FakeHttpServer good({200});
  const FakeHttpServer bad({400});
  make();
  hooks_->set_rules({webhook_rule(good.url("/a")), webhook_rule(bad.url("/b"))});
  hooks_->deliver(crash_loop(), "{\"x\":1}");
  run_until([&] { return counted(1, 1); });
  EXPECT_TRUE(good.requests().at(0).ends_with("\r\n\r\n{\"x\":1}"));
  EXPECT_EQ(warned_, (std::vector<std::string>{"hook a.toml:9: HTTP status 400"}));
}

}  // namespace
}  // namespace portwatch
