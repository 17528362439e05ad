// past_command.h - from the words to the exit code of a command that asks for the
// past.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/inquiry.h"
#include "cli/past_options.h"
#include "cli/print.h"
#include "cli/verdict.h"

namespace portwatch::cli {

// How an answer is printed; `Any` is Answer or EventsAnswer.
template <class Any>
struct PastPrinters {
  std::string (*json)(const Any& answer);
  std::string (*plain)(const Any& answer);
  std::string (*page)(const Any& answer, const View& view);
};

// Prints what was found, or says why not; returns the exit code.
template <class Any>
int deliver_past(Context& context, const OutputOptions& output,
                 const Result<Any>& answer, std::size_t found,
                 const PastPrinters<Any>& printers) {
  if (!answer) {
    say(context, answer.error().context);
    return kCannotKnow;
  }
  const int code = past_verdict(found, answer->missing);
  if (output.quiet) {
    return code;
  }
  switch (output.format()) {
    case Format::json:
      return deliver(context, printers.json(*answer), code);
    case Format::plain:
      (void)context.streams.err.write(gap_lines(answer->missing));
      return deliver(context, printers.plain(*answer), code);
    case Format::people:
      break;
  }
  const View view{context.clock.wall_now(), context.backends.own_netns(),
                  style_for(output, context), context.streams.width};
  return deliver(context, printers.page(*answer, view), code);
}

// `ask` gets a Daemon& and a question and returns a Result<Any>; `count` says how
// much is in an Any. With --since, --until and --limit only where `times`.
template <class Any, class Ask, class Count>
int run_past(Context& context, const std::vector<std::string>& arguments,
             Arguments& parser, bool times, const PastPrinters<Any>& printers,
             Ask ask, Count count) {
  PastOptions options;
  declare(parser, options, times);
  if (const auto code = parser.parse(arguments, context)) {
    return *code;
  }
  const auto question = question_of(options, context.clock.wall_now());
  if (!question) {
    return parser.refuse(context, question.error().context);
  }
  Inquiry inquiry(context, options.where, options.output);
  const Result<Any> answer = inquiry.ask_only_daemon(
      [&](Daemon& daemon) { return ask(daemon, *question); });
  return deliver_past(context, options.output, answer, answer ? count(*answer) : 0,
                      printers);
}

}  // namespace portwatch::cli
