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
#include <optional>

#include "userspace/base/clock.h"
#include "userspace/base/unique_fd.h"
#include "userspace/model/loop.h"
#include "userspace/source/process_reader.h"

namespace portwatch {

// Names the start of its parent in `process`. Empty: it has none that can be seen.
std::optional<Process> name_parent(ProcessReader& reader, Process& process);

class PolledLives {
 public:
  using OnEnd = std::function<void(const ProcessEnd&)>;

  // `epoll`: gets a descriptor for each process, told by the number in data.fd.
  // The clock and the epoll must outlive this. At most `max_watched` at a time.
  PolledLives(const Clock& clock, int epoll, std::size_t max_watched, OnEnd on_end)
      : clock_(clock),
        epoll_(epoll),
        max_watched_(max_watched),
        on_end_(std::move(on_end)),
        reader_(clock) {}

  // Watches the process and its parent, and names that parent's start in it.
  void watch(Process& process);
  // The descriptor is one of ours, and its process ended.
  void ended(int fd);
  // There was no descriptor for some: how these end, and what becomes of their
  // children, is not seen.
  bool left_some_out() const { return left_some_out_; }

 private:
  struct Life {
    Process process;
    UniqueFd pidfd;
  };
  void follow(const Process& process);

  const Clock& clock_;
  int epoll_;
  std::size_t max_watched_;
  bool left_some_out_ = false;
  OnEnd on_end_;
  ProcessReader reader_;
  std::map<int, Life> lives_;       // by pidfd
  std::map<ProcessId, int> known_;  // -> pidfd
};

}  // namespace portwatch
