// config_command.h - portwatchd --check-config and --show-config.
#pragma once

#include <string>

namespace portwatch {

// Reads the configuration as the daemon would. Each file that is there goes to
// stdout as "FILE: ok"; the first error to stderr, as "FILE:LINE: what". Returns
// the exit code: 0, or 2 for an error.
int check_config(const std::string& private_directory);

// show_config() on stdout, with errors and exit codes as above.
int print_config(const std::string& private_directory);

}  // namespace portwatch
