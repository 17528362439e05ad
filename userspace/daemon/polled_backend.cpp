#include "userspace/daemon/polled_backend.h"

#include <sys/timerfd.h>

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
  std::unique_ptr<PolledBackend> backend(new PolledBackend(
      clock, std::move(reader), std::move(timer).value(), std::move(publish)));
  if (auto first = backend->drain(); !first) {
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
  std::uint64_t expirations = 0;
  if (read(timer_.get(), &expirations, sizeof expirations) < 0 && errno != EAGAIN) {
    return errno_error(errno, "cannot read the timer");
  }
  auto changes = changes_.poll();
  if (!changes) {  // may pass: the next look compares with the last good one
    failed_look_ = changes.error().context;
    return {};
  }
  failed_look_.clear();
  for (Change& change : *changes) {
    ++events_;
    publish_(std::move(change));
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
  status.events = events_;
  status.bindings = changes_.size();
  return status;
}

}  // namespace portwatch
