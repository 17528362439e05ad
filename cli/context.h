// context.h - everything outside that a command may touch.
//
// main() fills it from the real process; tests from strings and fakes. Nothing
// below run() reads the environment, a global stream or the clock by itself.
#pragma once

#include <optional>
#include <string>

#include "cli/backends.h"
#include "cli/sink.h"
#include "userspace/base/clock.h"

namespace portwatch::cli {

struct Streams {
  Sink& out;
  Sink& err;
  bool out_is_terminal = false;
  std::size_t width = 0;  // columns of that terminal; 0 = no limit
  int out_fd = -1;        // polled for a reader that has gone; -1 = none
};

struct Environment {
  std::optional<std::string> socket;  // PORTWATCH_SOCKET, not empty
  bool no_color = false;              // NO_COLOR is set and not empty
  bool dumb = false;                  // TERM=dumb
};

struct Context {
  Streams streams;
  Environment environment;
  const Clock& clock;
  Backends& backends;
};

// One line on standard error, "portwatch: TEXT", made safe for a terminal.
void say(Context& context, const std::string& text);

// Writes the whole answer and returns `code`; when that fails for another reason
// than a reader that has gone, says so and returns kCannotKnow.
int deliver(Context& context, const std::string& text, int code);

}  // namespace portwatch::cli
