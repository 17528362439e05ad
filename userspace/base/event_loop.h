// event_loop.h - the one loop of a program: epoll, one-shot timers, stop.
//
// Threads: one; every call comes from the thread that runs run().
// Nothing wakes up unless a descriptor is ready or a timer that somebody armed
// is due: an idle loop makes no system call at all.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/unique_fd.h"

namespace portwatch {

class EventLoop {
 public:
  // `events` are EPOLLIN, EPOLLOUT... as epoll_wait(2) reports them.
  using FdCallback = std::function<void(std::uint32_t events)>;
  using TimerCallback = std::function<void()>;
  using TimerId = std::uint64_t;  // never 0, never reused

  static Result<std::unique_ptr<EventLoop>> make();

  // Watches `fd`, which stays the caller's and must be removed before it is
  // closed. The callback may add and remove descriptors, its own too.
  Result<void> add(int fd, std::uint32_t events, FdCallback callback);
  Result<void> change(int fd, std::uint32_t events);
  void remove(int fd);

  // Calls back once, not before `delay` has passed (CLOCK_MONOTONIC).
  TimerId after(std::chrono::milliseconds delay, TimerCallback callback);
  void cancel(TimerId id);  // unknown or spent ids are ignored

  // Calls back once, when every descriptor that is ready now was served.
  void after_turn(TimerCallback callback) {
    after_turn_.push_back(std::move(callback));
  }

  // Runs until stop(). Error: epoll_wait failed.
  Result<void> run();
  void stop() { running_ = false; }

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  struct Timer {
    TimerId id;
    TimerCallback callback;
  };

  explicit EventLoop(UniqueFd epoll) : epoll_(std::move(epoll)) {}
  int wait_ms() const;  // until the next timer; -1 = for ever
  void run_due_timers();
  void end_turn();

  UniqueFd epoll_;
  bool running_ = true;
  TimerId next_timer_ = 1;
  std::unordered_map<int, std::shared_ptr<FdCallback>> callbacks_;
  std::multimap<Deadline, Timer> timers_;
  std::vector<TimerCallback> after_turn_;
};

}  // namespace portwatch
