// loss_counter.h - finds lost records by the per-CPU sequence numbers.
//
// A hole may be filled a moment later (a hook that was interrupted on its way
// to the ring), so a hole counts only when the ring was empty twice with it open.
#pragma once

#include <cstdint>
#include <unordered_map>

namespace portwatch {

class LossCounter {
 public:
  // The first number of a CPU need not be 1: a daemon before may have read some.
  void note(std::uint32_t cpu, std::uint64_t seq);

  // Called when the ring is empty; `drops` is the kernel's own count of refused
  // records since the start. Returns how many records are newly known to be
  // lost; each is returned once (twice, when its hole was believed before its drop
  // was counted: rather that than a loss that is hidden).
  std::uint64_t settle(std::uint64_t drops);

 private:
  struct Cpu {
    std::uint64_t first = 0;
    std::uint64_t highest = 0;
    std::uint64_t received = 0;
  };
  std::uint64_t holes() const;

  std::unordered_map<std::uint32_t, Cpu> cpus_;
  std::uint64_t suspected_ = 0;  // holes at the last settle()
  std::uint64_t drops_ = 0;      // at the last settle()
  std::uint64_t believed_ = 0;   // holes without a drop, then
};

}  // namespace portwatch
