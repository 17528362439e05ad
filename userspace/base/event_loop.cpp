#include "userspace/base/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace portwatch {

Result<std::unique_ptr<EventLoop>> EventLoop::make() {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) {
    return errno_error(errno, "epoll_create1");
  }
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll)));
}

Result<void> EventLoop::add(int fd, std::uint32_t events, FdCallback callback) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return errno_error(errno, "epoll_ctl add");
  }
  callbacks_[fd] = std::make_shared<FdCallback>(std::move(callback));
  return {};
}

Result<void> EventLoop::change(int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) {
    return errno_error(errno, "epoll_ctl mod");
  }
  return {};
}

void EventLoop::remove(int fd) {
  if (callbacks_.erase(fd) != 0) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  }
}

EventLoop::TimerId EventLoop::after(std::chrono::milliseconds delay,
                                    TimerCallback callback) {
  const TimerId id = next_timer_++;
  timers_.emplace(std::chrono::steady_clock::now() + delay,
                  Timer{id, std::move(callback)});
  return id;
}

void EventLoop::cancel(TimerId id) {
  const auto found =
      std::find_if(timers_.begin(), timers_.end(),
                   [id](const auto& entry) { return entry.second.id == id; });
  if (found != timers_.end()) {
    timers_.erase(found);
  }
}

int EventLoop::wait_ms() const {
  if (timers_.empty()) {
    return -1;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      timers_.begin()->first - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

void EventLoop::run_due_timers() {
  const auto now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const TimerCallback callback = std::move(timers_.begin()->second.callback);
    timers_.erase(timers_.begin());
    callback();
  }
}

void EventLoop::end_turn() {
  for (const TimerCallback& callback : std::exchange(after_turn_, {})) {
    callback();
  }
}

Result<void> EventLoop::run() {
  std::array<epoll_event, 64> ready;
  while (running_) {
    const int count = epoll_wait(epoll_.get(), ready.data(),
                                 static_cast<int>(ready.size()), wait_ms());
    if (count < 0 && errno != EINTR) {
      return errno_error(errno, "epoll_wait");
    }
    for (int i = 0; i < count && running_; ++i) {
      // A callback before this one may have removed the descriptor; the copy
      // keeps the function alive while it removes itself.
      const auto found = callbacks_.find(ready[i].data.fd);
      if (found != callbacks_.end()) {
        const auto callback = found->second;
        (*callback)(ready[i].events);
      }
    }
    end_turn();
    run_due_timers();
    end_turn();  // of what the timers asked for
  }
  return {};
}

}  // namespace portwatch
