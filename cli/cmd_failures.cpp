// cmd_failures.cpp - `portwatch failures [PORT]`: binds that the kernel refused.
#include "cli/commands.h"
#include "cli/past_events.h"

namespace portwatch::cli {

int run_failures(Context& context, const std::vector<std::string>& arguments) {
  Arguments parser("failures [OPTION]... [PORT[/PROTO]]",
                   "Shows the binds, listens and connects that failed, oldest "
                   "first: who wanted\nwhat, the error, and what stood in the way "
                   "at that instant.\nExit code: 0 there are some, 1 there are "
                   "none, 3 that cannot be known.");
  return run_events(context, arguments, parser,
                    {&Daemon::failures, failures_page, true});
}

}  // namespace portwatch::cli
