// cmd_history.cpp - `portwatch history [PORT]`: who held it, from when to when.
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/inquiry.h"
#include "cli/past_options.h"
#include "cli/print.h"
#include "cli/verdict.h"

namespace portwatch::cli {
namespace {

std::string history_text(const Answer& answer, const OutputOptions& output,
                         Context& context) {
  switch (output.format()) {
    case Format::json:
      return print_json(answer);
    case Format::plain:
      return history_plain(answer);
    case Format::people:
      break;
  }
  return history_page(answer,
                      {context.clock.wall_now(), context.backends.own_netns(),
                       style_for(output, context), context.streams.width});
}

}  // namespace

int run_history(Context& context, const std::vector<std::string>& arguments) {
  PastOptions options;
  Arguments parser("history [OPTION]... [PORT[/PROTO]]",
                   "Shows who held which port, from when to when, oldest first. "
                   "Asks the daemon.\nExit code: 0 somebody did, 1 nobody did, 3 "
                   "that cannot be known.");
  declare(parser, options, true);
  if (const auto code = parser.parse(arguments, context)) {
    return *code;
  }
  const auto question = question_of(options, context.clock.wall_now());
  if (!question) {
    return parser.refuse(context, question.error().context);
  }
  Inquiry inquiry(context, options.where, options.output);
  const auto answer = inquiry.ask_only_daemon(
      [&](Daemon& daemon) { return daemon.history(*question); });
  if (!answer) {
    say(context, answer.error().context);
    return kCannotKnow;
  }
  const int code = past_verdict(answer->bindings.size(), answer->missing);
  if (options.output.quiet) {
    return code;
  }
  if (options.output.format() == Format::plain) {
    (void)context.streams.err.write(gap_lines(answer->missing));
  }
  return deliver(context, history_text(*answer, options.output, context), code);
}

}  // namespace portwatch::cli
