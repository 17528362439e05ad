#include "userspace/daemon/config_command.h"

#include <cstdio>
#include <filesystem>

#include "userspace/daemon/config.h"

namespace portwatch {
namespace {

constexpr int kBroken = 2;

int complain(const Error& error) {
  std::fprintf(stderr, "%s\n", error.context.c_str());
  return kBroken;
}

}  // namespace

int check_config(const std::string& private_directory) {
  if (const auto config = read_config(private_directory); !config) {
    return complain(config.error());
  }
  const auto files = config_files(private_directory);
  for (const std::string& file : files ? *files : std::vector<std::string>{}) {
    std::error_code failed;
    if (std::filesystem::exists(file, failed)) {
      std::printf("%s: ok\n", file.c_str());
    }
  }
  return 0;
}

int print_config(const std::string& private_directory) {
  const auto config = read_config(private_directory);
  if (!config) {
    return complain(config.error());
  }
  std::fputs(show_config(*config).c_str(), stdout);
  return 0;
}

}  // namespace portwatch
