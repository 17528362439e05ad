#include "cli/past_events.h"

#include "cli/past_command.h"

namespace portwatch::cli {

int run_events(Context& context, const std::vector<std::string>& arguments,
               Arguments& parser, const EventsCommand& command) {
  const PastPrinters<EventsAnswer> printers = {
      events_json,
      [](const EventsAnswer& answer) { return events_plain(answer.events); },
      command.page};
  return run_past(
      context, arguments, parser, command.times, printers,
      [&](Daemon& daemon, const HistoryQuestion& question) {
        return (daemon.*command.ask)(question);
      },
      [](const EventsAnswer& answer) { return answer.events.size(); });
}

}  // namespace portwatch::cli
