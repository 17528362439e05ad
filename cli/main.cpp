// main.cpp - hands the real process to run().
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/run.h"

namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

portwatch::cli::Environment read_environment() {
  portwatch::cli::Environment environment;
  if (is_set("PORTWATCH_SOCKET")) {
    environment.socket = std::getenv("PORTWATCH_SOCKET");
  }
  environment.no_color = is_set("NO_COLOR");
  environment.dumb =
      is_set("TERM") && std::string_view(std::getenv("TERM")) == "dumb";
  return environment;
}

// As the commands of the runtimes read it: "unix:///run/user/1000/docker.sock". A
// runtime of another host (tcp, ssh) knows nothing of the processes here.
void take_runtime(const char* variable, std::vector<std::string>& sockets) {
  constexpr std::string_view kScheme = "unix://";
  const std::string_view value = is_set(variable) ? std::getenv(variable) : "";
  if (value.substr(0, kScheme.size()) == kScheme) {
    sockets = {std::string(value.substr(kScheme.size()))};
  }
}

portwatch::RuntimeSockets read_runtimes() {
  auto sockets = portwatch::default_runtime_sockets();
  take_runtime("DOCKER_HOST", sockets["docker"]);
  take_runtime("CONTAINER_HOST", sockets["podman"]);
  return sockets;
}

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace

int main(int count, char** words) {
  using namespace portwatch::cli;
  FdSink out(STDOUT_FILENO);
  FdSink err(STDERR_FILENO);
  const portwatch::SystemClock clock;
  SystemBackends backends(clock, read_runtimes());
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  Context context{
      {out, err, terminal, terminal ? terminal_width() : 0, STDOUT_FILENO},
      read_environment(),
      clock,
      backends};
  return run({words + (count > 0 ? 1 : 0), words + count}, context);
}
