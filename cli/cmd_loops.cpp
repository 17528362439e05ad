// cmd_loops.cpp - `portwatch loops [PORT]`: what fails or dies again and again.
#include "cli/commands.h"
#include "cli/past_events.h"

namespace portwatch::cli {

int run_loops(Context& context, const std::vector<std::string>& arguments) {
  Arguments parser("loops [OPTION]... [PORT[/PROTO]]",
                   "Shows what fails to bind, or takes a port and dies, again and "
                   "again: the unit,\ncontainer or program, how often, why, and "
                   "who blocks it. Active ones come first.\nExit code: 0 there are "
                   "some, 1 there are none, 3 that cannot be known.");
  return run_events(context, arguments, parser,
                    {&Daemon::loops, loops_page, false});
}

}  // namespace portwatch::cli
