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
  SystemBackends backends(clock);
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  Context context{
      {out, err, terminal, terminal ? terminal_width() : 0, STDOUT_FILENO},
      read_environment(),
      clock,
      backends};
  return run({words + (count > 0 ? 1 : 0), words + count}, context);
}
