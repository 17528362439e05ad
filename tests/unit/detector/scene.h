// scene.h - changes and ends as the daemon tells them, on a clock ticked by hand.
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "userspace/detector/detector.h"

namespace portwatch::test {

using namespace std::chrono_literals;

// Both clocks run together until suspend() or set_clock().
class Ticker {
 public:
  const Moment& now() const { return now_; }
  void tick(std::chrono::nanoseconds by) {
    now_.boot += by;
    now_.wall += std::chrono::duration_cast<std::chrono::microseconds>(by);
  }
  // Somebody sets the wall clock.
  void set_clock(std::chrono::seconds by) { now_.wall += by; }

 private:
  Moment now_{1000s, WallTime(std::chrono::seconds(1'700'000'000))};
};

inline Process process(pid_t pid, const std::string& program = "/usr/bin/server") {
  Process made;
  made.id = {pid, 90'000};
  made.name = "server";
  made.exe = program;
  made.cmdline = std::vector<std::string>{program, "--serve"};
  made.uid = 1000;
  made.ppid = 1;
  made.parent_start_ticks = 1;
  return made;
}

inline Process process_of_unit(pid_t pid, const std::string& unit) {
  Process made = process(pid);
  made.unit = unit;
  return made;
}

inline Process child_of(const Process& parent, pid_t pid) {
  Process made = process(pid);
  made.ppid = parent.id.pid;
  made.parent_start_ticks = parent.id.start_ticks;
  return made;
}

inline Binding binding(const Process& creator, Port port, std::string id) {
  Binding made;
  made.endpoint.port = port;
  made.id = std::move(id);
  made.netns = 4026531840;
  made.netns_cookie = 1;
  made.creator = creator;
  return made;
}

inline Change change(ChangeType type, Binding about) {
  Change made;
  made.type = type;
  if (type == ChangeType::listen) {
    about.state = SocketState::listening;
  }
  made.binding = std::move(about);
  return made;
}

inline Change bound(const Binding& about) {
  return change(ChangeType::bind, about);
}
inline Change listens(const Binding& about) {
  return change(ChangeType::listen, about);
}
inline Change released(const Binding& about) {
  return change(ChangeType::release, about);
}
inline Change found(Change made) {
  made.reconstructed = true;
  return made;
}

inline Change failed(const Process& who, Port port,
                     const std::vector<Binding>& blockers = {}) {
  Change made;
  made.type = ChangeType::bind_failed;
  BindFailure& failure = made.failure.emplace();
  failure.error = EADDRINUSE;
  failure.requested.port = port;
  failure.netns = 4026531840;
  failure.netns_cookie = 1;
  failure.process = who;
  failure.blockers = blockers;
  return made;
}

inline ProcessEnd ended(const Process& who, std::optional<ExitStatus> status) {
  return {who, {}, status};
}
inline ExitStatus exits(int code) { return {code, {}, false}; }
inline ExitStatus killed(int signal) { return {{}, signal, false}; }

inline std::vector<ChangeType> types(const std::vector<Change>& changes) {
  std::vector<ChangeType> all;
  std::transform(changes.begin(), changes.end(), std::back_inserter(all),
                 [](const Change& one) { return one.type; });
  return all;
}
inline std::ptrdiff_t count_of(const std::vector<Change>& changes,
                               ChangeType type) {
  return std::count_if(changes.begin(), changes.end(),
                       [&](const Change& one) { return one.type == type; });
}

// One detector and what it has told so far.
template <class Detected>
struct Watched {
  template <class... Arguments>
  explicit Watched(const Arguments&... arguments) : detector(arguments...) {}

  void see(const Change& what) {
    detector.observe(what, ticker.now(), told_so_far);
  }
  void see(const ProcessEnd& end) {
    detector.observe(end, ticker.now(), told_so_far);
  }
  void tick(std::chrono::nanoseconds by) { ticker.tick(by); }
  // Time passes, and the daemon's timer rings as the detector asked for.
  void pass(std::chrono::nanoseconds by) {
    ticker.tick(by);
    const auto due = detector.deadline();
    if (due && *due <= ticker.now().boot) {
      detector.advance(ticker.now(), told_so_far);
    }
  }
  // What was told since the last call.
  std::vector<Change> news() { return std::exchange(told_so_far, {}); }

  Ticker ticker;
  Detected detector;
  std::vector<Change> told_so_far;
};

}  // namespace portwatch::test
