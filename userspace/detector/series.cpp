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
    latest.count = told->loop.count + 1;
    latest.window = told->loop.window;
    latest.first = told->loop.first;
    told->loop = std::move(latest);
    seen(key, now);
    return;
  }
  const std::size_t burst = std::clamp(options.burst, 1U, kMaxBurst);
  std::deque<Moment>& times = pending_.touch(key).times;
  times.push_back(now);
  while (times.size() > burst ||
         now.boot - times.front().boot >=
             std::max<BootTime>(options.interval, BootTime{1})) {
    times.pop_front();
  }
  seen(key, now);
  if (times.size() == burst) {
    latest.count = times.size();
    latest.window = options.interval;
    latest.first = times.front().wall;
    tell(key, std::move(latest), now, out);
  }
}

void SeriesBook::tell(const SeriesKey& key, Loop loop, const Moment& now,
                      std::vector<Change>& out) {
  if (told_.full()) {
    end(told_.oldest()->first, now, out);  // no alert without its end
  }
  Told& told = told_.touch(key);
  told.loop = std::move(loop);
  told.found = now.wall;
  told.seen = now.boot;
  pending_.erase(key);
  out.push_back(about(alert_, now.wall, told.loop));
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
  if (Told* told = told_.find(key)) {
    out.push_back(about(ChangeType::loop_ended, now.wall, std::move(told->loop)));
    told_.erase(key);
  }
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
    end(told_.oldest()->first, now, out);
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
    out.push_back(about(alert_, told.found, told.loop));
    out.back().loop->active = true;
  }
}

}  // namespace portwatch
