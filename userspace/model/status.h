// status.h - what the daemon says about itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/model/answer.h"

namespace portwatch {

// One attachment to the kernel.
struct HookStatus {
  std::string name;  // "cgroup/post_bind4"
  bool attached = false;
  std::string error;         // why not; empty when attached
  std::uint64_t missed = 0;  // runs that the kernel skipped (recursion)
  friend bool operator==(const HookStatus&, const HookStatus&) = default;
};

// Where the past is kept.
struct HistoryStatus {
  bool enabled = false;
  std::string path;
  std::string error;  // why nothing is written now; empty: it is
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::uint64_t lost = 0;  // rows that were not written since the start
  friend bool operator==(const HistoryStatus&, const HistoryStatus&) = default;
};

// Runs of the hooks of the configuration since the start.
struct AlertStatus {
  std::uint64_t hooks = 0;  // configured
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;      // could not be run, timed out, exit code not 0
  std::uint64_t suppressed = 0;  // by a cooldown
  std::uint64_t dropped = 0;     // by a full queue
  friend bool operator==(const AlertStatus&, const AlertStatus&) = default;
};

struct Status {
  std::string version;
  pid_t pid = 0;
  Source source = Source::ebpf;
  Confidence confidence = Confidence::exact;
  std::vector<Missing> missing;
  std::vector<HookStatus> hooks;
  std::uint64_t events = 0;       // records received since the start
  std::uint64_t events_lost = 0;  // records lost since the start
  std::uint64_t resyncs = 0;
  std::uint64_t full_passes = 0;    // over every descriptor of the host
  std::optional<std::string> pins;  // directory; empty: a restart forgets
  // How failed binds are seen: "fexit", "task_work", "tracepoint" or "none".
  std::string bind_results = "none";
  std::optional<std::string> bind_results_refused;  // why not in a better way
  // Runs of the hooks that see results, skipped by the kernel: it skips one that
  // would interrupt itself, so a refused listen or connect may not have been seen.
  std::uint64_t results_missed = 0;
  std::uint64_t failures = 0;  // failed binds since the start
  HistoryStatus history;
  AlertStatus alerts;
  std::uint64_t bindings = 0;  // sockets in the table
  std::uint64_t clients = 0;
  std::uint64_t subscribers = 0;
  std::uint64_t resident_bytes = 0;
  WallTime started{};
  std::uint64_t uptime_seconds = 0;
  friend bool operator==(const Status&, const Status&) = default;
};

}  // namespace portwatch
