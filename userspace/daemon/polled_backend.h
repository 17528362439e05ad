// polled_backend.h - the daemon without eBPF: looks when asked, and compares
// pictures at an interval to tell what changed.
//
// Threads: one. The only timer that runs while nothing happens, and only here.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "fallback/poll_source.h"
#include "userspace/base/clock.h"
#include "userspace/base/unique_fd.h"
#include "userspace/daemon/backend.h"
#include "userspace/daemon/polled_lives.h"

namespace portwatch {

class PolledBackend final : public Backend {
 public:
  // The clock must outlive the backend. Error: the timer cannot be made, or
  // the first look failed.
  static Result<std::unique_ptr<PolledBackend>> start(
      const Clock& clock, std::unique_ptr<SnapshotReader> reader,
      std::chrono::milliseconds interval, Publish publish);

  int event_fd() const override { return events_.get(); }
  Result<void> drain() override;
  Result<Answer> answer(const Question& question) override;
  Status status() override;
  // With holders, and their parents' starts: takes a look, unlike others.
  Portions known() const override;
  void look_every(std::chrono::milliseconds interval) override;

 private:
  PolledBackend(const Clock& clock, std::unique_ptr<SnapshotReader> reader,
                UniqueFd timer, UniqueFd events, std::size_t max_watched,
                Publish publish)
      : clock_(clock),
        reader_(std::move(reader)),
        changes_(*reader_, clock),
        timer_(std::move(timer)),
        events_(std::move(events)),
        publish_(std::move(publish)),
        lives_(clock, events_.get(), max_watched, publish_.end) {}
  void watch_those_there();
  std::vector<Binding> known_with_holders() const;
  void take_ends();
  Result<void> look();

  const Clock& clock_;
  std::unique_ptr<SnapshotReader> reader_;
  PollSource changes_;
  UniqueFd timer_;
  UniqueFd events_;  // epoll: the timer, and the processes that are watched
  Publish publish_;
  PolledLives lives_;
  std::string failed_look_;  // why the last one failed; empty: it did not
  std::uint64_t events_seen_ = 0;
};

}  // namespace portwatch
