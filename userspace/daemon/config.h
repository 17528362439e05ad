// config.h - the daemon's settings: portwatchd.toml and conf.d/*.toml.
//
// Unknown keys and wrong types are errors with file and line; a missing file
// means the defaults.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "userspace/alert/hook_rule.h"
#include "userspace/base/result.h"
#include "userspace/source/container_lists.h"

namespace portwatch {

// So many failed binds by one subject within the interval are a loop.
struct BurstRule {
  unsigned burst = 5;
  std::chrono::seconds interval{60};
};
// So many deaths; a life that lasts reset_after is none of a loop.
struct LoopRule {
  unsigned burst = 5;
  std::chrono::seconds interval{3600};
  std::chrono::seconds reset_after{600};
};

struct HistorySettings {
  std::string path;  // empty: no history
  std::uint64_t max_bytes = std::uint64_t{64} << 20;
  std::chrono::seconds max_age = std::chrono::hours(24 * 30);

  friend bool operator==(const HistorySettings&, const HistorySettings&) = default;
};

struct Config {
  std::string log_level = "info";  // trace debug info warning error critical off
  std::chrono::milliseconds snapshot_interval{1000};  // fallback backends only
  std::size_t ring_bytes = 8 * 1024 * 1024;
  std::string pin_directory;  // in bpffs; empty: nothing outlives the daemon
  std::string bind_results = "auto";  // auto task_work tracepoint none
  std::size_t max_clients = 512;
  std::size_t recent_events = 1024;
  RuntimeSockets runtime_sockets = default_runtime_sockets();
  BurstRule bind_failures;
  LoopRule crash_loop;
  std::size_t time_wait_threshold = 20;  // closing sockets that refuse a bind
  HistorySettings history;
  std::vector<HookRule> hooks;  // of all files, in their order
  // "log.level", "hook.0.exec" -> "FILE:LINE"; what is not in it is a default.
  std::map<std::string, std::string> origins;
};

// Reads `files` in order over `defaults`; a later one overrides an earlier one key
// by key, and adds its hooks. A file that does not exist is skipped. Error:
// invalid, "FILE:LINE: what"; for root, a file that others can write when there are
// hooks.
Result<Config> load_config(const std::vector<std::string>& files,
                           const Config& defaults = {});

// The files of the system: /etc/portwatch/portwatchd.toml, then conf.d/*.toml
// in the order of their names. Under a private directory: DIR/portwatchd.toml.
// Error: conf.d is there and cannot be read.
Result<std::vector<std::string>> config_files(const std::string& private_directory);

// What holds without any file: only the system's daemon pins, and the history is
// under /var/lib/portwatch or the private directory.
Config default_config(const std::string& private_directory);

// load_config() of config_files() over default_config().
Result<Config> read_config(const std::string& private_directory);

// Everything as TOML, with "# FILE:LINE" or "# default" behind each value: a file
// that would configure the same.
std::string show_config(const Config& config);

}  // namespace portwatch
