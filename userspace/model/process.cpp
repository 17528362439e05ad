#include "userspace/model/process.h"

namespace portwatch {

void cut_arguments(Process& process, std::size_t bytes) {
  if (!process.cmdline) {
    return;
  }
  auto& all = *process.cmdline;
  std::size_t kept = 0;
  std::size_t used = 0;
  while (kept < all.size() && used + all[kept].size() <= bytes) {
    used += all[kept++].size() + 1;
  }
  if (kept < all.size()) {
    all.resize(kept);
    process.cmdline_cut = true;
  }
}

std::size_t text_bytes(const Process& process) {
  std::size_t bytes = process.exe ? process.exe->size() : 0;
  bytes += process.cgroup ? process.cgroup->size() : 0;
  if (process.cmdline) {
    for (const std::string& argument : *process.cmdline) {
      bytes += argument.size();
    }
  }
  return bytes;
}

WallTime start_wall_time(std::uint64_t start_ticks, const Clock& clock) {
  using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 100>>;
  const WallTime booted = clock.to_wall(BootTime{0});
  const auto rounded = std::chrono::round<Ticks>(booted.time_since_epoch());
  return WallTime(rounded + Ticks(static_cast<std::int64_t>(start_ticks)));
}

}  // namespace portwatch
