// cmd_history.cpp - `portwatch history [PORT]`: who held it, from when to when.
#include "cli/commands.h"
#include "cli/past_command.h"

namespace portwatch::cli {

int run_history(Context& context, const std::vector<std::string>& arguments) {
  Arguments parser("history [OPTION]... [PORT[/PROTO]]",
                   "Shows who held which port, from when to when, oldest first. "
                   "Asks the daemon.\nExit code: 0 somebody did, 1 nobody did, 3 "
                   "that cannot be known.");
  return run_past<Answer>(
      context, arguments, parser, true, {print_json, history_plain, history_page},
      [](Daemon& daemon, const HistoryQuestion& question) {
        return daemon.history(question);
      },
      [](const Answer& answer) { return answer.bindings.size(); });
}

}  // namespace portwatch::cli
