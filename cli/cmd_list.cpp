// cmd_list.cpp - `portwatch list`: every port that is taken, and by whom.
#include <algorithm>

#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/exit_code.h"
#include "cli/filter.h"
#include "cli/inquiry.h"
#include "cli/print.h"

namespace portwatch::cli {
namespace {

struct ListOptions {
  OutputOptions output;
  WhereOptions where;
  FilterOptions filter;
  bool all = false;
};

Result<Filter> check(const ListOptions& options, Backends& backends) {
  if (const auto sound = check(options.output); !sound) {
    return sound.error();
  }
  if (const auto sound = check(options.where); !sound) {
    return sound.error();
  }
  if (options.all && options.filter.listening) {
    return Error{Errc::invalid, "--all and --listening exclude each other"};
  }
  auto filter = make_filter(options.filter, backends);
  if (filter) {
    filter->connected = options.all;
  }
  return filter;
}

void keep_matching(Answer& answer, const Filter& filter) {
  auto& bindings = answer.bindings;
  bindings.erase(std::remove_if(bindings.begin(), bindings.end(),
                                [&](const Binding& binding) {
                                  return !matches(filter, binding);
                                }),
                 bindings.end());
}

int print(const Answer& answer, const OutputOptions& output, Context& context,
          std::uint32_t own_netns) {
  if (output.format() == Format::json) {
    return deliver(context, print_json(answer), kYes);
  }
  const Style style = style_for(output, context);
  const View view{context.clock.wall_now(), own_netns, style,
                  context.streams.width};
  const std::string text = output.format() == Format::plain
                               ? print_plain(answer)
                               : print_table(answer, view);
  const int code = deliver(context, text, kYes);
  (void)context.streams.err.write(gap_lines(answer.missing));
  return code;
}

}  // namespace

int run_list(Context& context, const std::vector<std::string>& arguments) {
  ListOptions options;
  Arguments parser("list [OPTION]...",
                   "Shows every socket that holds a port. Of options of one kind "
                   "any suffices;\nthose of different kinds must all be met.");
  declare(parser, options.filter);
  parser.flag("-a,--all", options.all, "connected and closing sockets too");
  declare(parser, options.output);
  declare(parser, options.where);
  if (const auto code = parser.parse(arguments, context)) {
    return *code;
  }
  const auto filter = check(options, context.backends);
  if (!filter) {
    return parser.refuse(context, filter.error().context);
  }
  const std::uint32_t own_netns = context.backends.own_netns();
  Inquiry inquiry(context, options.where, options.output);
  auto answer = inquiry.ask({question_of(*filter, own_netns)});
  if (!answer) {
    say(context, answer.error().context);
    return kCannotKnow;
  }
  keep_matching(*answer, *filter);
  sort_bindings(answer->bindings, own_netns);
  return options.output.quiet ? kYes
                              : print(*answer, options.output, context, own_netns);
}

}  // namespace portwatch::cli
