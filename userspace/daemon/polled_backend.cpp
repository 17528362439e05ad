#include "userspace/daemon/polled_backend.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

namespace portwatch {
namespace {

Result<UniqueFd> make_timer() {
  UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer.valid()) {
    return errno_error(errno, "timerfd_create");
  }
  return timer;
}

// Half of the descriptors that we may have are for the processes that are watched:
// the others are clients'. Hooks inherit what we may have.
std::size_t max_watched() {
  constexpr rlim_t kEnough = 65'536;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 0;
  }
  rlimit wanted = limit;
  wanted.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kEnough));
  if (setrlimit(RLIMIT_NOFILE, &wanted) != 0) {
    wanted = limit;
  }
  return static_cast<std::size_t>(std::min(wanted.rlim_cur, kEnough) / 2);
}

}  // namespace

Result<std::unique_ptr<PolledBackend>> PolledBackend::start(
    const Clock& clock, std::unique_ptr<SnapshotReader> reader,
    std::chrono::milliseconds interval, Publish publish) {
  auto timer = make_timer();
  if (!timer) {
    return timer.error();
  }
  UniqueFd events(epoll_create1(EPOLL_CLOEXEC));
  epoll_event readable{};
  readable.events = EPOLLIN;
  readable.data.fd = timer->get();
  if (!events.valid() ||
      epoll_ctl(events.get(), EPOLL_CTL_ADD, timer->get(), &readable) != 0) {
    return errno_error(errno, "epoll");
  }
  std::unique_ptr<PolledBackend> backend(
      new PolledBackend(clock, std::move(reader), std::move(timer).value(),
                        std::move(events), max_watched(), std::move(publish)));
  if (auto first = backend->look(); !first) {
    return first.error();
  }
  if (!backend->failed_look_.empty()) {
    return Error{Errc::not_supported, backend->failed_look_};
  }
  backend->watch_those_there();
  backend->look_every(interval);
  return backend;
}

void PolledBackend::look_every(std::chrono::milliseconds interval) {
  itimerspec spec{};
  spec.it_interval.tv_sec = interval.count() / 1000;
  spec.it_interval.tv_nsec = (interval.count() % 1000) * 1'000'000;
  spec.it_value = spec.it_interval;
  // Fails only on a bad descriptor or a bad time, and both are ours.
  timerfd_settime(timer_.get(), 0, &spec, nullptr);
}

Result<void> PolledBackend::drain() {
  take_ends();
  std::uint64_t expirations = 0;
  if (read(timer_.get(), &expirations, sizeof expirations) < 0) {
    return errno == EAGAIN ? Result<void>()
                           : errno_error(errno, "cannot read the timer");
  }
  return look();
}

// Before a look: who ended was on the port that the look finds empty.
void PolledBackend::take_ends() {
  std::array<epoll_event, 64> ready{};
  const int count =
      epoll_wait(events_.get(), ready.data(), static_cast<int>(ready.size()), 0);
  for (int i = 0; i < count; ++i) {
    lives_.ended(ready[static_cast<std::size_t>(i)].data.fd);
  }
}

// Whoever was there before us ends as others do. Who cannot be seen now is met when
// it takes another port.
void PolledBackend::watch_those_there() {
  for (Binding& binding : known_with_holders()) {
    if (binding.holders) {
      for (Process& holder : *binding.holders) {
        lives_.watch(holder);
      }
    }
  }
}

Backend::Portions PolledBackend::known() const {
  return [this, all = known_with_holders(),
          at = std::size_t{0}](std::size_t most) mutable {
    std::vector<Binding> some;
    for (; some.size() < most && at < all.size(); ++at) {
      if (changes_.has(all[at].id)) {
        some.push_back(std::move(all[at]));
      }
    }
    return some;
  };
}

std::vector<Binding> PolledBackend::known_with_holders() const {
  std::vector<Binding> all = changes_.bindings();
  auto now = reader_->read(Question());
  if (!now) {
    return all;
  }
  ProcessReader reader(clock_);
  std::map<std::string, Binding*> seen;
  for (Binding& binding : now->bindings) {
    seen.emplace(binding.id, &binding);
  }
  for (Binding& binding : all) {
    const auto found = seen.find(binding.id);
    if (found == seen.end() || !found->second->holders) {
      continue;
    }
    for (Process& holder : binding.holders.emplace(*found->second->holders)) {
      name_parent(reader, holder);
    }
  }
  return all;
}

Result<void> PolledBackend::look() {
  auto changes = changes_.poll();
  if (!changes) {  // may pass: the next look compares with the last good one
    failed_look_ = changes.error().context;
    return {};
  }
  failed_look_.clear();
  for (Change& change : *changes) {
    ++events_seen_;
    if (change.type != ChangeType::release && change.binding->holders) {
      for (Process& holder : *change.binding->holders) {
        lives_.watch(holder);
      }
    }
    publish_.change(std::move(change));
  }
  return {};
}

Result<Answer> PolledBackend::answer(const Question& question) {
  return reader_->read(question);
}

Status PolledBackend::status() {
  Status status;
  status.source = reader_->source();
  status.missing = changes_.missing();
  if (!failed_look_.empty()) {
    status.missing.push_back({"sockets", "the last look failed: " + failed_look_});
  }
  if (lives_.left_some_out()) {
    status.missing.push_back(
        {"loops",
         "the ends of some processes are not seen: no descriptor was left "
         "to watch them by (RLIMIT_NOFILE)"});
  }
  status.confidence =
      status.missing.empty() ? Confidence::snapshot : Confidence::partial;
  status.events = events_seen_;
  status.bindings = changes_.size();
  return status;
}

}  // namespace portwatch
