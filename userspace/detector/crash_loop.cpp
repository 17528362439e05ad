#include "userspace/detector/crash_loop.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

namespace portwatch {
namespace {

constexpr BootTime kStartTick = std::chrono::milliseconds(10);  // USER_HZ
constexpr int kSignalStatus = 128;  // what shells and servers add to a signal

bool is_request_to_stop(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP;
}

bool is_crash(const std::optional<ExitStatus>& status) {
  if (!status) {
    return false;  // nobody could tell: then nobody may say so
  }
  if (status->signal) {
    return !is_request_to_stop(*status->signal);
  }
  const int code = status->code.value_or(0);
  return code != 0 && !is_request_to_stop(code - kSignalStatus);
}

std::string crash_text(const ExitStatus& status) {
  return (status.signal ? "killed by " : "exits with ") + to_string(status);
}

bool is_near(const std::optional<BootTime>& then, BootTime now) {
  return then && now - *then <= CrashLoop::kConsequence;
}

}  // namespace

void CrashLoop::observe(const Change& change, const Moment& now,
                        std::vector<Change>& out) {
  advance(now, out);
  if (change.type == ChangeType::bind_failed && change.failure) {
    on_failure(*change.failure, now);
  } else if (!change.binding) {
    return;
  } else if (change.type == ChangeType::bind || change.type == ChangeType::listen) {
    on_taken(change, now);
  } else if (change.type == ChangeType::release) {
    on_release(*change.binding, now);
  }
}

void CrashLoop::on_taken(const Change& change, const Moment& now) {
  const Binding& binding = *change.binding;
  const SharedProcess owner = owner_of(binding);
  if (!owner || owner->id.pid == 0 || binding.endpoint.port == 0 ||
      looks_automatic(binding, automatic_) ||
      sockets_.find(binding.id) != nullptr) {
    return;
  }
  auto sighting = sighting_of(*owner, binding);
  if (!sighting) {
    return;
  }
  const LifeKey key{owner->id, sighting->key.port};
  sockets_.touch(binding.id) = key;
  Life* known = lives_.find(key);
  Life& life = known != nullptr && known->held > 0 ? *known : lives_.touch(key);
  if (life.failed && life.failed->requested == binding.endpoint) {
    life.failed.reset();  // it tried until it had it
  }
  if (++life.held > 1) {
    return;
  }
  life.of = *std::move(sighting);
  life.told_apart = is_told_apart(*owner);
  life.since = now.boot;
  life.released.reset();
  life.reconstructed = change.reconstructed;
}

void CrashLoop::on_release(const Binding& binding, const Moment& now) {
  const LifeKey* held = sockets_.find(binding.id);
  if (held == nullptr) {
    return;
  }
  const LifeKey key = *held;
  sockets_.erase(binding.id);
  Life* life = lives_.find(key);
  if (life == nullptr || life->held == 0 || --life->held > 0) {
    return;
  }
  if (is_stream(binding.endpoint.protocol) || life->failed) {
    life->released = now.boot;
  } else {
    lives_.erase(key);
  }
}

void CrashLoop::on_failure(const BindFailure& failure, const Moment& now) {
  auto sighting = sighting_of(failure);
  if (!sighting || failure.process.id.pid == 0 || failure.requested.port == 0) {
    return;
  }
  const LifeKey key{failure.process.id, sighting->key.port};
  Life* known = lives_.find(key);
  Life& life = known != nullptr && known->held > 0 ? *known : lives_.touch(key);
  if (life.held == 0) {
    life.since = now.boot;
    life.of = *std::move(sighting);
    life.told_apart = is_told_apart(failure.process);
  }
  life.failed =
      FailedBind{now.boot, failure.requested, cause_of(failure), failure.blockers};
  if (life.failed->blockers && life.failed->blockers->size() > kMaxKeptBlockers) {
    life.failed->blockers->resize(kMaxKeptBlockers);
  }
  series_.seen(life.of.key, now);
}

void CrashLoop::observe(const ProcessEnd& end, const Moment& now,
                        std::vector<Change>& out) {
  advance(now, out);
  const auto keys = lives_.keys_from(
      LifeKey{end.process.id, PortKey{}},
      [&](const LifeKey& key) { return key.process == end.process.id; });
  for (const LifeKey& key : keys) {
    on_end(key, end, now, out);
    lives_.erase(key);
  }
}

// Who dies at once may be known by its name alone when it takes the port.
Sighting CrashLoop::series_of(const Life& life, const Process& as_it_ended) {
  Sighting of = life.of;
  if (!life.told_apart && is_told_apart(as_it_ended)) {
    Subject subject = subject_of(as_it_ended);
    if (auto who = subject_key(subject)) {
      of.key.subject = *std::move(who);
      of.loop.subject = std::move(subject);
    }
  }
  return of;
}

void CrashLoop::on_end(const LifeKey& key, const ProcessEnd& end, const Moment& now,
                       std::vector<Change>& out) {
  const Life& life = *lives_.find(key);
  const bool crashed = is_crash(end.status);
  const bool has_held = life.held > 0 || is_near(life.released, now.boot);
  const bool failed_now = life.failed && is_near(life.failed->when, now.boot);
  if (!(crashed && (has_held || life.failed)) && !(failed_now && life.held == 0)) {
    return;
  }
  auto [series, latest] = series_of(life, end.process);
  if (outlasted(life, key.process, now)) {
    series_.end(series, now, out);
    return;
  }
  latest.last_exit = end.status;
  latest.last_process = end.process;
  // A signal is no consequence of a refused second address.
  const bool exits = end.status && !end.status->signal;
  if (life.failed && (life.held == 0 || (failed_now && exits))) {
    latest.cause = life.failed->cause;
    latest.blockers = life.failed->blockers;
  } else {
    latest.cause = crash_text(*end.status);
  }
  series_.add(series, std::move(latest), {options_.burst, options_.interval}, now,
              out);
}

// A hold that was found by comparing pictures began at any time of the process.
bool CrashLoop::outlasted(const Life& life, const ProcessId& process,
                          const Moment& now) const {
  const BootTime born = static_cast<std::int64_t>(process.start_ticks) * kStartTick;
  return life.reconstructed && now.boot - born >= options_.reset_after;
}

void CrashLoop::advance(const Moment& now, std::vector<Change>& out) {
  while (lives_.oldest() != nullptr &&
         now.boot - lives_.oldest()->second.since >= options_.reset_after) {
    const auto& [key, life] = *lives_.oldest();
    if (life.held > 0) {
      series_.end(life.of.key, now, out);
    }
    lives_.erase(key);
  }
  series_.expire(options_.interval, now, out);
}

std::optional<BootTime> CrashLoop::deadline() const {
  auto next = series_.deadline(options_.interval);
  if (next && lives_.oldest() != nullptr) {
    next = std::min(*next, lives_.oldest()->second.since + options_.reset_after);
  }
  return next;
}

}  // namespace portwatch
