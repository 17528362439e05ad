#include "userspace/daemon/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace portwatch {
namespace {

// JOURNAL_STREAM is "DEVICE:INODE" of the stream that systemd connected;
// inherited by children whose stderr goes elsewhere, so it must match.
bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat facts {};
  unsigned long long device = 0;
  unsigned long long inode = 0;
  return stream != nullptr && fstat(STDERR_FILENO, &facts) == 0 &&
         std::sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
         device == facts.st_dev && inode == facts.st_ino;
}

}  // namespace

void start_logging(const std::string& level) {
  if (stderr_is_journal()) {
    spdlog::set_default_logger(
        spdlog::systemd_logger_mt("portwatchd", "portwatchd"));
  } else {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("portwatchd"));
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %n[%P] %l: %v",
                        spdlog::pattern_time_type::utc);
  }
  set_log_level(level);
}

void set_log_level(const std::string& level) {
  spdlog::set_level(spdlog::level::from_str(level));
}

}  // namespace portwatch
