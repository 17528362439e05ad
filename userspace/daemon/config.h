// config.h - the daemon's settings: portwatchd.toml and conf.d/*.toml.
//
// Unknown keys and wrong types are errors with file and line; a missing file
// means the defaults.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/source/container_lists.h"

namespace portwatch {

struct Config {
  std::string log_level = "info";  // trace debug info warning error critical off
  std::chrono::milliseconds snapshot_interval{1000};  // fallback backends only
  std::size_t ring_bytes = 2 * 1024 * 1024;
  std::string pin_directory;  // in bpffs; empty: nothing outlives the daemon
  std::size_t max_clients = 512;
  std::size_t recent_events = 1024;
  RuntimeSockets runtime_sockets = default_runtime_sockets();
};

// Reads `files` in order over `defaults`; a later one overrides an earlier one key
// by key. A file that does not exist is skipped. Error: invalid, "FILE:LINE: what".
Result<Config> load_config(const std::vector<std::string>& files,
                           const Config& defaults = {});

// The files of the system: /etc/portwatch/portwatchd.toml, then conf.d/*.toml
// in the order of their names. Under a private directory: DIR/portwatchd.toml.
// Error: conf.d is there and cannot be read.
Result<std::vector<std::string>> config_files(const std::string& private_directory);

// load_config() of config_files(); only the system's daemon pins by default.
Result<Config> read_config(const std::string& private_directory);

}  // namespace portwatch
