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
  std::erase_if(running_,
                [](const auto& run) { return run.second.program == nullptr; });
  for (const auto& [id, run] : running_) {
    run.program->terminate();
  }
  await_ends(options_.grace);
}

// The loop does not run any more.
void Hooks::await_ends(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (const auto& [id, run] : running_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd ended = {run.program->pidfd(), POLLIN, 0};
    poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  }
}

void Hooks::set_rules(const std::vector<HookRule>& rules) {
  auto before = std::exchange(rules_, {});
  for (const HookRule& rule : rules) {
    const auto same =
        std::find_if(before.begin(), before.end(),
                     [&](const auto& old) { return same_hook(old->rule, rule); });
    if (same == before.end()) {
      rules_.push_back(std::make_shared<Rule>(rule));
    } else {
      rules_.push_back(std::move(*same));
      before.erase(same);  // it is one rule's only
      rules_.back()->rule.origin = rule.origin;
    }
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
}

bool Hooks::enqueue(const RulePtr& rule, const Change& change,
                    const std::string& json) {
  const bool has_room = rule->running < options_.max_running;
  if (!has_room && rule->waiting.size() >= options_.max_waiting) {
    return false;
  }
  const bool is_program = rule->rule.webhook.empty();
  rule->waiting.push_back(
      {is_program ? hook_environment(change) : std::vector<std::string>{}, json});
  start_waiting(rule);
  return true;
}

void Hooks::start_waiting(const RulePtr& rule) {
  while (!rule->waiting.empty() && rule->running < options_.max_running) {
    const Job job = std::move(rule->waiting.front());
    rule->waiting.pop_front();
    if (const auto started = start(rule, job); !started) {
      count(rule->rule.origin, started);
    }
  }
}

Result<void> Hooks::start(const RulePtr& rule, const Job& job) {
  const RunId id = next_id_++;
  Run run;
  run.rule = rule;
  if (rule->rule.webhook.empty()) {
    auto program = start_program(rule, job, id);
    if (!program) {
      return program.error();
    }
    run.program = std::move(program).value();
  } else if (auto sent = send_webhook(rule->rule, job, id); !sent) {
    return sent;
  }
  ++rule->running;
  running_.emplace(id, std::move(run));
  return {};
}

Result<std::unique_ptr<HookRun>> Hooks::start_program(const RulePtr& rule,
                                                      const Job& job, RunId id) {
  return HookRun::start(
      loop_,
      HookCommand{rule->rule.exec, job.environment, job.json + "\n",
                  rule->rule.timeout, options_.grace},
      [this, rule](const std::string& line) {
        say(HookLevel::info, rule->rule.origin, line);
      },
      [this, id](const Result<void>& outcome) { on_end(id, outcome); });
}

Result<void> Hooks::send_webhook(const HookRule& rule, const Job& job, RunId id) {
  if (sender_ == nullptr) {
    auto made = WebhookSender::make(
        loop_, options_.webhooks, [this](RunId ended, const Result<void>& outcome) {
          on_end(ended, outcome);
        });
    if (!made) {
      return made.error();
    }
    sender_ = std::move(made).value();
  }
  sender_->send({rule.webhook, job.json, rule.timeout, rule.retries, id});
  return {};
}

void Hooks::on_end(RunId id, const Result<void>& outcome) {
  const auto over = running_.extract(id);  // until after this: it called us
  const RulePtr& rule = over.mapped().rule;
  --rule->running;
  count(rule->rule.origin, outcome);
  start_waiting(rule);
}

void Hooks::count(const std::string& origin, const Result<void>& outcome) {
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
