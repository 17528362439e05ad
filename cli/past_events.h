// past_events.h - what `failures` and `loops` have in common.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/context.h"
#include "cli/print.h"

namespace portwatch::cli {

struct EventsCommand {
  Result<EventsAnswer> (Daemon::*ask)(const HistoryQuestion& question);
  std::string (*page)(const EventsAnswer& answer, const View& view);
  bool times;  // --since, --until and --limit
};

// Reads the options, asks the daemon, prints; returns the exit code.
int run_events(Context& context, const std::vector<std::string>& arguments,
               Arguments& parser, const EventsCommand& command);

}  // namespace portwatch::cli
