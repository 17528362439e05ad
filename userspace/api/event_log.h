// event_log.h - numbers the changes and remembers the last ones.
//
// Threads: one, the daemon's loop. Bounded in number and in memory: the oldest
// change is forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "userspace/model/change.h"

namespace portwatch {

class EventLog {
 public:
  // `most_bytes`: of what a program can make long, its path and its arguments.
  explicit EventLog(std::size_t capacity, std::size_t most_bytes = 32 << 20)
      : capacity_(capacity), most_bytes_(most_bytes) {}

  // Forgets what no longer fits.
  void set_capacity(std::size_t capacity);

  // Gives the change its seq and keeps it; returns the numbered change, valid
  // until the next push. With a capacity of 0 one change is kept all the same.
  const Change& push(Change change);

  // The last `count` changes or fewer, oldest first.
  std::vector<Change> recent(std::size_t count) const;
  // Calls `visit` for every kept change, youngest first, until it says false.
  void visit_backwards(const std::function<bool(const Change&)>& visit) const;

 private:
  struct Kept {
    Change change;
    std::size_t bytes;
  };
  void forget_oldest();

  std::size_t capacity_;
  std::size_t most_bytes_;
  std::size_t bytes_ = 0;
  std::uint64_t next_seq_ = 1;
  std::deque<Kept> changes_;
};

}  // namespace portwatch
