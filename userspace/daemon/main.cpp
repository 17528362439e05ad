// main.cpp - portwatchd. Exit: 0 stopped cleanly, 1 failed, 2 wrong usage or
// configuration.
#include <spdlog/spdlog.h>

#include "userspace/daemon/config.h"
#include "userspace/daemon/daemon.h"
#include "userspace/daemon/logging.h"
#include "userspace/daemon/options.h"

int main(int argc, char** argv) {
  using namespace portwatch;
  Options options;
  if (const auto code = parse_options(argc, argv, options)) {
    return *code;
  }
  const auto config = read_config(options.private_directory);
  start_logging(options.log_level.empty() && config ? config->log_level
                : options.log_level.empty()         ? "info"
                                                    : options.log_level);
  if (!config) {
    spdlog::error("{}", config.error().context);
    return 2;
  }
  auto daemon = Daemon::start(options, *config);
  if (!daemon) {
    spdlog::error("cannot start: {}", daemon.error().context);
    return 1;
  }
  if (const auto ran = (*daemon)->run(); !ran) {
    spdlog::error("stopped: {}", ran.error().context);
    return 1;
  }
  return 0;
}
