// hooks.h - the hooks of the configuration: runs them, counts them, holds them
// back.
//
// Threads: the loop's; webhooks have one of their own (webhook.h).
// Nothing waits for a hook: what cannot be started now waits in a bounded queue.
// Each rule has runs and a queue of its own: one that hangs delays no other.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "userspace/alert/cooldown.h"
#include "userspace/alert/exec_hook.h"
#include "userspace/alert/hook_log.h"
#include "userspace/alert/hook_rule.h"
#include "userspace/alert/webhook.h"
#include "userspace/base/clock.h"
#include "userspace/base/event_loop.h"
#include "userspace/model/change.h"
#include "userspace/model/status.h"

namespace portwatch {

class Hooks {
 public:
  struct Options {
    std::size_t max_waiting = 16;            // of each rule
    std::size_t max_running = 2;             // the same
    std::chrono::milliseconds grace{2'000};  // HookCommand::grace
    WebhookSender::Options webhooks;
  };

  // `loop` and `clock` outlive it. `log` gets the programs' output, and what went
  // wrong, as "hook FILE:LINE: ...".
  Hooks(EventLoop& loop, const Clock& clock, HookLog log, const Options& options);
  // Ends the programs that run: SIGTERM, and SIGKILL after the grace.
  ~Hooks();
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  // Replaces the rules. Runs that wait or go on keep theirs, and a rule that was
  // there before, on whatever line, keeps its cooldowns and its queue.
  void set_rules(const std::vector<HookRule>& rules);

  // Runs every hook that matches. `json` is the event as `watch` shows it. A second
  // change of the same type about the same namespace, protocol, port and subject is
  // suppressed for the rule's cooldown. Returns at once.
  void deliver(const Change& change, const std::string& json);

  AlertStatus status() const;

 private:
  struct Job {
    std::vector<std::string> environment;  // of a program
    std::string json;
  };
  struct Rule {
    explicit Rule(const HookRule& of) : rule(of), cooldown(of.cooldown) {}
    HookRule rule;
    Cooldown cooldown;
    std::deque<Job> waiting;  // empty while fewer than max_running are on their way
    std::size_t running = 0;
    bool full = false;  // its last event was dropped
  };
  using RulePtr = std::shared_ptr<Rule>;
  struct Run {
    RulePtr rule;
    std::unique_ptr<HookRun> program;  // null: a webhook
  };
  using RunId = std::uint64_t;

  bool enqueue(const RulePtr& rule, const Change& change, const std::string& json);
  void start_waiting(const RulePtr& rule);
  Result<void> start(const RulePtr& rule, const Job& job);
  Result<std::unique_ptr<HookRun>> start_program(const RulePtr& rule,
                                                 const Job& job, RunId id);
  Result<void> send_webhook(const HookRule& rule, const Job& job, RunId id);
  void on_end(RunId id, const Result<void>& outcome);
  void count(const std::string& origin, const Result<void>& outcome);
  void note_dropped(Rule& rule);
  void say(HookLevel level, const std::string& origin, const std::string& text);
  void await_ends(std::chrono::milliseconds limit);

  EventLoop& loop_;
  const Clock& clock_;
  HookLog log_;
  Options options_;
  std::vector<RulePtr> rules_;
  std::map<RunId, Run> running_;
  std::unique_ptr<WebhookSender> sender_;  // made when it is needed
  RunId next_id_ = 1;
  AlertStatus counters_;
};

}  // namespace portwatch
