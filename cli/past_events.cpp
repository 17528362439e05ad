#include "cli/past_events.h"

#include "cli/exit_code.h"
#include "cli/inquiry.h"
#include "cli/past_options.h"
#include "cli/verdict.h"

namespace portwatch::cli {
namespace {

std::string events_text(const EventsAnswer& answer, const OutputOptions& output,
                        const EventsCommand& command, Context& context) {
  switch (output.format()) {
    case Format::json:
      return events_json(answer);
    case Format::plain:
      return events_plain(answer.events);
    case Format::people:
      break;
  }
  return command.page(answer,
                      {context.clock.wall_now(), context.backends.own_netns(),
                       style_for(output, context), context.streams.width});
}

}  // namespace

int run_events(Context& context, const std::vector<std::string>& arguments,
               Arguments& parser, const EventsCommand& command) {
  PastOptions options;
  declare(parser, options, command.times);
  if (const auto code = parser.parse(arguments, context)) {
    return *code;
  }
  const auto question = question_of(options, context.clock.wall_now());
  if (!question) {
    return parser.refuse(context, question.error().context);
  }
  Inquiry inquiry(context, options.where, options.output);
  const auto answer = inquiry.ask_only_daemon(
      [&](Daemon& daemon) { return (daemon.*command.ask)(*question); });
  if (!answer) {
    say(context, answer.error().context);
    return kCannotKnow;
  }
  const int code = past_verdict(answer->events.size(), answer->missing);
  if (options.output.quiet) {
    return code;
  }
  if (options.output.format() == Format::plain) {
    (void)context.streams.err.write(gap_lines(answer->missing));
  }
  return deliver(context, events_text(*answer, options.output, command, context),
                 code);
}

}  // namespace portwatch::cli
