// polled_lives.h - without eBPF: how the processes end that a look found on a port.
//
// Each is watched by a pidfd from the look on, and so is its parent: an end is told
// at once, not at the next look. Who came and went between two looks is not seen.
// Source: pidfd_open(2); the status from the zombie (proc(5): stat, field 52) while
// there is one, else from PIDFD_GET_INFO (Linux 6.15), else it is not known.
//
// Threads: one.
#pragma once

#include <cstddef>
#include <functional>
#include <map>

#include "userspace/base/clock.h"
#include "userspace/base/unique_fd.h"
#include "userspace/model/loop.h"
#include "userspace/source/process_reader.h"

namespace portwatch {

class PolledLives {
 public:
  using OnEnd = std::function<void(const ProcessEnd&)>;

  // `epoll`: gets a descriptor for each process, told by the number in data.fd.
  // The clock and the epoll must outlive this.
  PolledLives(const Clock& clock, int epoll, OnEnd on_end)
      : clock_(clock), epoll_(epoll), on_end_(std::move(on_end)), reader_(clock) {}

  // Watches the process and its parent, and names that parent's start in it. At
  // most kMaxWatched at a time; one that cannot be watched is left out.
  void watch(Process& process);
  // The descriptor is one of ours, and its process ended.
  void ended(int fd);

  static constexpr std::size_t kMaxWatched = 512;

 private:
  struct Life {
    Process process;
    UniqueFd pidfd;
  };
  void follow(const Process& process);

  const Clock& clock_;
  int epoll_;
  OnEnd on_end_;
  ProcessReader reader_;
  std::map<int, Life> lives_;       // by pidfd
  std::map<ProcessId, int> known_;  // -> pidfd
};

}  // namespace portwatch
