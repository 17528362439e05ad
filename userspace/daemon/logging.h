// logging.h - where the daemon's words go: journald with fields when stderr is
// the journal, else lines on stderr.
#pragma once

#include <string>

namespace portwatch {

// Sets spdlog's default logger. REQUIRES: a level that Config knows.
void start_logging(const std::string& level);
void set_log_level(const std::string& level);

}  // namespace portwatch
