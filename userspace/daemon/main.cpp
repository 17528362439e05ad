// main.cpp - portwatchd. Exit: 0 stopped cleanly, 1 failed, 2 wrong usage or
// configuration. SIGUSR2: executes itself anew.
#include <malloc.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "userspace/daemon/config.h"
#include "userspace/daemon/config_command.h"
#include "userspace/daemon/daemon.h"
#include "userspace/daemon/logging.h"
#include "userspace/daemon/options.h"

namespace {

// Executes `program` (what is there now: it may have been upgraded) with our
// arguments but for --ready-fd: nobody waits any more, and the number may be in
// use for something else.
int execute_anew(const std::string& program, char** argv) {
  std::vector<char*> arguments;
  for (char** at = argv; *at != nullptr; ++at) {
    if (std::strcmp(*at, "--ready-fd") == 0 && at[1] != nullptr) {
      ++at;
    } else if (std::strncmp(*at, "--ready-fd=", 11) != 0) {
      arguments.push_back(*at);
    }
  }
  arguments.push_back(nullptr);
  execv(program.c_str(), arguments.data());
  spdlog::error("cannot execute {}: {}", program, std::strerror(errno));
  return 1;
}

// sd_listen_fds(3), the other way round: the process keeps its pid over exec.
void pass_on(int socket) {
  dup2(socket, SD_LISTEN_FDS_START);
  setenv("LISTEN_FDS", "1", 1);
  setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
}

// What a large answer or a storm took is given back to the system, not kept because
// it may be needed again: glibc would raise these bounds to the largest of them
// (mallopt(3), "dynamic mmap threshold").
void keep_no_memory() {
  constexpr int kBytes = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, kBytes);
  mallopt(M_TRIM_THRESHOLD, kBytes);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace portwatch;
  std::error_code failed;  // before an upgrade replaces the file
  const std::string program =
      std::filesystem::read_symlink("/proc/self/exe", failed);
  keep_no_memory();
  Options options;
  if (const auto code = parse_options(argc, argv, options)) {
    return *code;
  }
  if (options.config_task != ConfigTask::none) {
    return options.config_task == ConfigTask::check
               ? check_config(options.private_directory)
               : print_config(options.private_directory);
  }
  // Hooks are children, and whoever started us may ignore theirs.
  std::signal(SIGCHLD, SIG_DFL);
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
  malloc_trim(0);  // libbpf has read all types of the kernel
  if (const auto ran = (*daemon)->run(); !ran) {
    spdlog::error("stopped: {}", ran.error().context);
    return 1;
  }
  const bool again = (*daemon)->handing_over();
  const UniqueFd kept_socket = (*daemon)->take_kept_socket();
  daemon->reset();
  if (again && kept_socket.valid()) {
    pass_on(kept_socket.get());
  }
  return again ? execute_anew(program, argv) : 0;
}
