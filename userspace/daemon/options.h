// options.h - the command line of portwatchd.
#pragma once

#include <optional>
#include <string>

#include "userspace/model/answer.h"

namespace portwatch {

// What to do instead of running.
enum class ConfigTask { none, check, show };

struct Options {
  std::string private_directory;  // empty: the system's paths
  std::optional<Source> backend;  // empty: the best that works
  int ready_fd = -1;              // gets one byte when queries are answered
  std::string log_level;          // empty: as configured
  ConfigTask config_task = ConfigTask::none;
  std::uint64_t drop_one_in = 0;  // see LiveBackend::Options
};

// Fills `options`. Returns an exit code when the program has to end at once
// (help, version: 0; a mistake: 2, after a line on stderr).
std::optional<int> parse_options(int argc, char** argv, Options& options);

}  // namespace portwatch
