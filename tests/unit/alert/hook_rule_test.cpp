#include "userspace/alert/hook_rule.h"

#include <gtest/gtest.h>

#include "tests/unit/alert/sample_changes.h"

namespace portwatch {
namespace {

using test::binding_of;
using test::crash_loop;
using test::events_lost;
using test::failed_bind;
using test::process;

HookRule rule_on(std::vector<ChangeType> on) {
  HookRule rule;
  rule.on = std::move(on);
  return rule;
}

TEST(HookRule, Types_OnlyTheNamedOnes) {
  const HookRule rule = rule_on({ChangeType::crash_loop, ChangeType::events_lost});
  EXPECT_TRUE(matches(rule, crash_loop()));
  EXPECT_TRUE(matches(rule, events_lost(1)));
  EXPECT_FALSE(matches(rule, failed_bind()));
}

TEST(HookRule, Ports_OneOfThemAndNothingWithoutPort) {
  HookRule rule = rule_on({ChangeType::crash_loop, ChangeType::events_lost});
  rule.ports = {443, 80};
  EXPECT_TRUE(matches(rule, crash_loop(80)));
  EXPECT_FALSE(matches(rule, crash_loop(81)));
  EXPECT_FALSE(matches(rule, events_lost(1)));
}

TEST(HookRule, Units_OfTheSubjectAndOfTheFailingProcess) {
  HookRule rule = rule_on({ChangeType::crash_loop, ChangeType::bind_failed});
  rule.units = {"nginx.service"};
  EXPECT_TRUE(matches(rule, crash_loop()));
  EXPECT_TRUE(matches(rule, failed_bind()));
  Change blocker_only = failed_bind();
  blocker_only.failure->process.unit = "other.service";
  blocker_only.failure->blockers->front().creator.edit(
      [&](Process& creator) { creator.unit = "nginx.service"; });
  EXPECT_FALSE(matches(rule, blocker_only));
}

TEST(HookRule, Users_ByNameOrNumber) {
  HookRule rule = rule_on({ChangeType::bind_failed});
  rule.users = {"www-data"};
  EXPECT_TRUE(matches(rule, failed_bind()));
  rule.users = {"33"};
  EXPECT_TRUE(matches(rule, failed_bind()));
  rule.users = {"root", "0"};
  EXPECT_FALSE(matches(rule, failed_bind()));
}

TEST(HookRule, UserOfASubject_CountsWithoutItsProcess) {
  HookRule rule = rule_on({ChangeType::crash_loop});
  rule.users = {"1000"};
  Change change = crash_loop();
  change.loop->subject = {Subject::Kind::program, "/usr/bin/x", 1000, {}};
  change.loop->last_process.reset();
  EXPECT_TRUE(matches(rule, change));
}

TEST(HookRule, HolderOfABinding_Counts) {
  HookRule rule = rule_on({ChangeType::listen});
  rule.units = {"web.service"};
  Change change;
  change.type = ChangeType::listen;
  change.binding = binding_of(process(1, "a"), 80);
  EXPECT_FALSE(matches(rule, change));
  change.binding->holders->push_back(process(2, "b"));
  change.binding->holders->back().unit = "web.service";
  EXPECT_TRUE(matches(rule, change));
}

}  // namespace
}  // namespace portwatch
