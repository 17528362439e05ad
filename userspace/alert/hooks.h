// hooks.h - the hooks of the configuration: runs them, counts them, holds them
// back.
//
// Threads: the loop's; webhooks have one of their own (webhook.h).
// Nothing waits for a hook: what cannot be started now waits in a bounded queue.
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
    std::size_t max_waiting = 64;  // programs; as many webhooks
    std::size_t max_running = 4;
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
  // there before, on whatever line, keeps its cooldowns.
  void set_rules(const std::vector<HookRule>& rules);

  // Runs every hook that matches. `json` is the event as `watch` shows it. A second
  // change of the same type about the same namespace, protocol, port and subject is
  // suppressed for the rule's cooldown. Returns at once.
  void deliver(const Change& change, const std::string& json);

  AlertStatus status() const;

 private:
  struct Rule {
    HookRule rule;
    Cooldown cooldown;
    bool full = false;  // its last event was dropped
  };
  struct Waiting {
    std::shared_ptr<const Rule> rule;
    HookCommand command;
  };
  using RunId = std::uint64_t;

  bool enqueue(const std::shared_ptr<Rule>& rule, const Change& change,
               const std::string& json);
  bool enqueue_program(const std::shared_ptr<Rule>& rule, const Change& change,
                       const std::string& json);
  bool send_webhook(const std::shared_ptr<Rule>& rule, const std::string& json);
  WebhookSender* sender();
  void start_waiting();
  void start(const Waiting& next);
  void ended(const std::string& origin, const Result<void>& outcome);
  void note_dropped(Rule& rule);
  void say(HookLevel level, const std::string& origin, const std::string& text);
  void await_ends(std::chrono::milliseconds limit);

  EventLoop& loop_;
  const Clock& clock_;
  HookLog log_;
  Options options_;
  std::vector<std::shared_ptr<Rule>> rules_;
  std::deque<Waiting> waiting_;
  std::map<RunId, std::unique_ptr<HookRun>> running_;
  std::unique_ptr<WebhookSender> sender_;  // made when it is needed
  std::map<RunId, std::string> sent_;      // origin of each webhook on its way
  RunId next_id_ = 1;
  AlertStatus counters_;
};

}  // namespace portwatch
