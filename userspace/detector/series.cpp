#include "userspace/detector/series.h"

#include <algorithm>
#include <utility>

namespace portwatch {
namespace {

Change about(ChangeType type, WallTime time, Loop loop) {
  Change change;
  change.type = type;
  change.time = time;
  change.loop = std::move(loop);
  return change;
}

std::optional<Sighting> sighting(const Process& process, const PortKey& port,
                                 Protocol protocol, std::uint32_t netns,
                                 const std::optional<std::uint64_t>& cookie) {
  Sighting seen;
  seen.loop.subject = subject_of(process);
  auto who = subject_key(seen.loop.subject);
  if (!who) {
    return std::nullopt;
  }
  seen.key = {*std::move(who), port};
  seen.loop.protocol = protocol;
  seen.loop.port = port.port;
  seen.loop.netns = netns;
  seen.loop.netns_cookie = cookie;
  return seen;
}

// As cause_of() writes it.
bool is_refusal(const Loop& loop) {
  return operation_from(loop.cause.substr(0, loop.cause.find(':'))).has_value();
}

}  // namespace

std::optional<Sighting> sighting_of(const Process& owner, const Binding& binding) {
  return sighting(owner, port_key(binding), binding.endpoint.protocol,
                  binding.netns, binding.netns_cookie);
}

std::optional<Sighting> sighting_of(const BindFailure& failure) {
  return sighting(failure.process, port_key(failure), failure.requested.protocol,
                  failure.netns, failure.netns_cookie);
}

std::string cause_of(const BindFailure& failure) {
  return std::string(to_string(failure.operation)) + ": " +
         error_name(failure.error);
}

void SeriesBook::add(const SeriesKey& key, Loop latest, const BurstOptions& options,
                     const Moment& now, std::vector<Change>& out) {
  if (latest.blockers && latest.blockers->size() > kMaxKeptBlockers) {
    latest.blockers->resize(kMaxKeptBlockers);
  }
  latest.last = now.wall;
  if (Told* told = told_.find(key)) {
    count_on(key, *told, std::move(latest), now, out);
    seen(key, now);
    return;
  }
  const std::size_t burst = std::clamp(options.burst, 1U, kMaxBurst);
  Pending& pending = pending_.touch(key);
  pending.burst = burst;
  const ProcessId by = latest.last_process ? latest.last_process->id : ProcessId{};
  const bool is_a_retry = std::exchange(pending.last, by) == by;
  std::deque<Moment>& times = pending.times;
  times.push_back(now);
  while (times.size() > burst ||
         now.boot - times.front().boot >=
             std::max<BootTime>(options.interval, BootTime{1})) {
    times.pop_front();
  }
  seen(key, now);
  if (times.size() == burst && !waits_for_death(key, is_a_retry)) {
    latest.count = times.size();
    latest.window = options.interval;
    latest.first = times.front().wall;
    tell(key, std::move(latest), now, out);
  }
}

void SeriesBook::count_on(const SeriesKey& key, Told& told, Loop latest,
                          const Moment& now, std::vector<Change>& out) {
  latest.count = told.loop.count + 1;
  latest.window = told.loop.window;
  latest.first = told.loop.first;
  told.loop = std::move(latest);
  if (told.silent && !is_told_by_twin(key, told.loop)) {  // another fault now
    told.silent = false;
    told.as = alert_;
    told.found = now.wall;
    out.push_back(about(alert_, now.wall, told.loop));
  } else if (!is_refusal(told.loop) && silent_twin_of(key) != nullptr) {
    twin_->told_.erase(key);  // what it counted was told; what comes is new
  }
}

void SeriesBook::tell(const SeriesKey& key, Loop loop, const Moment& now,
                      std::vector<Change>& out) {
  make_room(now, out);
  Told& told = told_.touch(key);
  told.loop = std::move(loop);
  told.as = alert_;
  told.found = now.wall;
  told.seen = now.boot;
  told.silent = is_told_by_twin(key, told.loop);
  pending_.erase(key);
  if (!told.silent) {
    out.push_back(about(alert_, now.wall, told.loop));
  }
}

// No alert without its end.
void SeriesBook::make_room(const Moment& now, std::vector<Change>& out) {
  if (told_.full()) {
    const SeriesKey oldest = told_.oldest()->first;
    fall_quiet(oldest, now, out);
  }
}

void SeriesBook::resume(const Change& alert, const Moment& now) {
  auto who = subject_key(alert.loop->subject);
  if (!who || told_.full()) {
    return;
  }
  Told& told = told_.touch({*std::move(who), port_key(*alert.loop)});
  told.loop = *alert.loop;
  told.as = alert.type;
  told.found = alert.time;
  told.seen = now.boot;
}

void SeriesBook::seen(const SeriesKey& key, const Moment& now) {
  if (told_.find(key) != nullptr) {
    Told& told = told_.touch(key);
    told.seen = std::max(told.seen, now.boot);
  } else if (pending_.find(key) != nullptr) {
    Pending& pending = pending_.touch(key);
    pending.seen = std::max(pending.seen, now.boot);
  }
}

void SeriesBook::end(const SeriesKey& key, const Moment& now,
                     std::vector<Change>& out) {
  pending_.erase(key);
  const Told* told = told_.find(key);
  if (told == nullptr) {
    return;
  }
  const bool is_shared = told->silent || silent_twin_of(key) != nullptr;
  if (is_shared && told->silent) {
    twin_->erase_told(key, now, out);  // it knows how we stood
  }
  erase_told(key, now, out);
  if (is_shared) {
    twin_->told_.erase(key);
  }
}

void SeriesBook::end_refusals(const SeriesKey& key, const Moment& now,
                              std::vector<Change>& out) {
  end(key, now, out);
  if (twin_ != nullptr && twin_->tells_refusals(key)) {
    twin_->end(key, now, out);
  }
}

void SeriesBook::erase_told(const SeriesKey& key, const Moment& now,
                            std::vector<Change>& out) {
  const Told* told = told_.find(key);
  if (told != nullptr && !told->silent) {
    out.push_back(
        about(ChangeType::loop_ended, now.wall, as_it_stands(key, *told)));
  }
  told_.erase(key);
}

// Nothing was seen of it for long. A silent twin goes on: then the fault does.
void SeriesBook::fall_quiet(const SeriesKey& key, const Moment& now,
                            std::vector<Change>& out) {
  Told& told = *told_.find(key);
  if (silent_twin_of(key) == nullptr) {
    erase_told(key, now, out);
    return;
  }
  Told& other = *twin_->told_.find(key);
  other.silent = false;
  other.as = told.as;
  other.found = told.found;
  other.loop.first = told.loop.first;
  other.loop.window = told.loop.window;
  other.loop.count = std::max(told.loop.count, other.loop.count);
  told_.erase(key);
}

bool SeriesBook::waits_for_death(const SeriesKey& key, bool is_a_retry) const {
  const Pending* deaths =
      alert_ == ChangeType::bind_failure_loop && twin_ != nullptr && !is_a_retry
          ? twin_->pending_.find(key)
          : nullptr;
  return deaths != nullptr && deaths->times.size() + 1 >= deaths->burst;
}

bool SeriesBook::tells_refusals(const SeriesKey& key) const {
  const Told* told = told_.find(key);
  return told != nullptr && !told->silent && is_refusal(told->loop);
}

bool SeriesBook::is_told_by_twin(const SeriesKey& key, const Loop& loop) const {
  return twin_ != nullptr && is_refusal(loop) && twin_->tells_refusals(key);
}

const SeriesBook::Told* SeriesBook::silent_twin_of(const SeriesKey& key) const {
  const Told* told = twin_ != nullptr ? twin_->told_.find(key) : nullptr;
  return told != nullptr && told->silent ? told : nullptr;
}

// Those who only fail to bind have no end of their own.
Loop SeriesBook::as_it_stands(const SeriesKey& key, const Told& told) const {
  Loop loop = told.loop;
  const Told* silent = silent_twin_of(key);
  if (!loop.last_exit && silent != nullptr) {
    loop.last_exit = silent->loop.last_exit;
  }
  return loop;
}

void SeriesBook::expire(std::chrono::seconds interval, const Moment& now,
                        std::vector<Change>& out) {
  const auto is_quiet = [&](const auto* item) {
    return item != nullptr && now.boot - item->second.seen >= interval;
  };
  while (is_quiet(pending_.oldest())) {
    pending_.erase(pending_.oldest()->first);
  }
  while (is_quiet(told_.oldest())) {
    const SeriesKey quiet = told_.oldest()->first;
    fall_quiet(quiet, now, out);
  }
}

std::optional<BootTime> SeriesBook::deadline(std::chrono::seconds interval) const {
  if (told_.oldest() == nullptr) {
    return std::nullopt;
  }
  return told_.oldest()->second.seen + interval;
}

void SeriesBook::active(std::vector<Change>& out) const {
  for (const auto& [key, told] : told_) {
    if (!told.silent) {
      out.push_back(about(told.as, told.found, as_it_stands(key, told)));
      out.back().loop->active = true;
    }
  }
}

}  // namespace portwatch
