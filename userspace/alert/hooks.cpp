#include "userspace/alert/hooks.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "userspace/alert/alert_fields.h"

namespace portwatch {
namespace {

bool same_hook(HookRule a, const HookRule& b) {
  a.origin = b.origin;
  return a == b;
}

}  // namespace

Hooks::Hooks(EventLoop& loop, const Clock& clock, HookLog log,
             const Options& options)
    : loop_(loop), clock_(clock), log_(std::move(log)), options_(options) {}

Hooks::~Hooks() {
  for (const auto& [id, run] : running_) {
    run->terminate();
  }
  await_ends(options_.grace);
}

// The loop does not run any more.
void Hooks::await_ends(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (const auto& [id, run] : running_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd ended = {run->pidfd(), POLLIN, 0};
    poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  }
}

void Hooks::set_rules(const std::vector<HookRule>& rules) {
  const auto before = std::exchange(rules_, {});
  for (const HookRule& rule : rules) {
    const auto same =
        std::find_if(before.begin(), before.end(),
                     [&](const auto& old) { return same_hook(old->rule, rule); });
    const bool known = same != before.end();
    rules_.push_back(std::make_shared<Rule>(
        Rule{rule, known ? (*same)->cooldown : Cooldown(rule.cooldown)}));
  }
}

AlertStatus Hooks::status() const {
  AlertStatus status = counters_;
  status.hooks = rules_.size();
  return status;
}

void Hooks::deliver(const Change& change, const std::string& json) {
  for (const auto& rule : rules_) {
    if (!matches(rule->rule, change)) {
      continue;
    }
    const Cooldown::Key key = Cooldown::key_of(change);
    const BootTime now = clock_.boot_now();
    if (rule->cooldown.holds_back(key, now)) {
      ++counters_.suppressed;
    } else if (enqueue(rule, change, json)) {
      rule->cooldown.told(key, now);
      rule->full = false;
    } else {
      note_dropped(*rule);
    }
  }
  start_waiting();
}

bool Hooks::enqueue(const std::shared_ptr<Rule>& rule, const Change& change,
                    const std::string& json) {
  return rule->rule.webhook.empty() ? enqueue_program(rule, change, json)
                                    : send_webhook(rule, json);
}

bool Hooks::enqueue_program(const std::shared_ptr<Rule>& rule, const Change& change,
                            const std::string& json) {
  start_waiting();  // what has room does not wait
  if (waiting_.size() >= options_.max_waiting) {
    return false;
  }
  waiting_.push_back(
      {rule, HookCommand{rule->rule.exec, hook_environment(change), json + "\n",
                         rule->rule.timeout, options_.grace}});
  return true;
}

bool Hooks::send_webhook(const std::shared_ptr<Rule>& rule,
                         const std::string& json) {
  WebhookSender* const to = sender();
  const RunId id = next_id_++;
  if (to == nullptr || !to->send({rule->rule.webhook, json, rule->rule.timeout,
                                  rule->rule.retries, id})) {
    return false;
  }
  sent_[id] = rule->rule.origin;
  return true;
}

WebhookSender* Hooks::sender() {
  if (sender_ == nullptr) {
    auto made = WebhookSender::make(loop_, options_.webhooks,
                                    [this](RunId id, const Result<void>& outcome) {
                                      const auto node = sent_.extract(id);
                                      ended(node.mapped(), outcome);
                                    });
    if (!made) {
      say(HookLevel::warning, "webhooks", made.error().context);
      return nullptr;
    }
    sender_ = std::move(made).value();
  }
  return sender_.get();
}

void Hooks::start_waiting() {
  while (!waiting_.empty() && running_.size() < options_.max_running) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    start(next);
  }
}

void Hooks::start(const Waiting& next) {
  const std::string origin = next.rule->rule.origin;
  const RunId id = next_id_++;
  auto run = HookRun::start(
      loop_, next.command,
      [this, origin](const std::string& line) {
        say(HookLevel::info, origin, line);
      },
      [this, origin, id](const Result<void>& outcome) {
        const auto over = running_.extract(id);  // until after this
        ended(origin, outcome);
        start_waiting();
      });
  if (!run) {
    ended(origin, run.error());
    return;
  }
  running_[id] = std::move(run).value();
}

void Hooks::ended(const std::string& origin, const Result<void>& outcome) {
  if (outcome) {
    ++counters_.delivered;
    return;
  }
  ++counters_.failed;
  say(HookLevel::warning, origin, outcome.error().context);
}

// The first of a row only: there is no end of them when the queue is full.
void Hooks::note_dropped(Rule& rule) {
  ++counters_.dropped;
  if (!std::exchange(rule.full, true)) {
    say(HookLevel::warning, rule.rule.origin,
        "event dropped, as too many runs wait already");
  }
}

void Hooks::say(HookLevel level, const std::string& origin,
                const std::string& text) {
  log_(level, "hook " + origin + ": " + text);
}

}  // namespace portwatch
