// run_loop.h - runs an event loop until something is so, or until it is too late.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "userspace/base/event_loop.h"
#include "userspace/base/unique_fd.h"

namespace portwatch::test {

inline std::unique_ptr<EventLoop> make_loop() {
  return std::move(EventLoop::make()).value();
}

// What is waited for, and what is done then.
struct Step {
  std::function<bool()> until;
  std::function<void()> then;
};

// Takes the steps one after the other; fails when they are not over in a minute.
class StepRunner {
 public:
  StepRunner(EventLoop& loop, std::vector<Step> steps)
      : loop_(loop), steps_(std::move(steps)) {}
  void run() {
    loop_.after(std::chrono::seconds(60), [this] {
      late_ = true;
      loop_.stop();
    });
    look();
    EXPECT_TRUE(loop_.run());
    EXPECT_FALSE(late_) << "in step " << at_;
  }

 private:
  void look() {
    while (at_ < steps_.size() && steps_[at_].until()) {
      const Step& step = steps_[at_++];
      if (step.then) {
        step.then();
      }
    }
    if (at_ == steps_.size()) {
      loop_.stop();
    } else {
      loop_.after(std::chrono::milliseconds(5), [this] { look(); });
    }
  }

  EventLoop& loop_;
  std::vector<Step> steps_;
  std::size_t at_ = 0;
  bool late_ = false;
};

inline void run_until(EventLoop& loop, std::function<bool()> until) {
  StepRunner(loop, {{std::move(until), nullptr}}).run();
}

// A process that somebody else started; knows when it is gone.
class Watched {
 public:
  explicit Watched(pid_t pid)
      : pidfd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {
    EXPECT_TRUE(pidfd_.valid()) << pid;
  }
  bool alive() const { return !ended_within(0); }
  // A killed process takes a moment.
  bool ends() const { return ended_within(30'000); }

 private:
  bool ended_within(int ms) const {
    pollfd ended = {pidfd_.get(), POLLIN, 0};
    return poll(&ended, 1, ms) == 1;
  }
  UniqueFd pidfd_;
};

}  // namespace portwatch::test
