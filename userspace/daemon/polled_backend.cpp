#include "userspace/daemon/polled_backend.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <array>
#include <cerrno>

namespace portwatch {
namespace {

Result<UniqueFd> make_timer() {
  UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer.valid()) {
    return errno_error(errno, "timerfd_create");
  }
  return timer;
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
                        std::move(events), std::move(publish)));
  if (auto first = backend->look(); !first) {
    return first.error();
  }
  if (!backend->failed_look_.empty()) {
    return Error{Errc::not_supported, backend->failed_look_};
  }
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
  status.confidence =
      status.missing.empty() ? Confidence::snapshot : Confidence::partial;
  status.events = events_seen_;
  status.bindings = changes_.size();
  return status;
}

}  // namespace portwatch
