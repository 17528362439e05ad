// cmd_why.cpp - `portwatch why PORT`, `why ADDR:PORT`: what blocks it?
#include "cli/bind_target.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/exit_code.h"
#include "cli/inquiry.h"
#include "cli/print.h"

#include <cerrno>

namespace portwatch::cli {
namespace {

struct WhyOptions {
  OutputOptions output;
  WhereOptions where;
  std::vector<std::string> words;
};

Result<BindTarget> check(const WhyOptions& options) {
  auto sound = check(options.output);
  sound = sound ? check(options.where) : sound;
  if (!sound) {
    return sound.error();
  }
  if (options.words.size() != 1) {
    return Error{Errc::invalid,
                 "which port? (expected one PORT or ADDR:PORT, as in 5055 or "
                 "127.0.0.1:5055/udp)"};
  }
  return parse_bind_target(options.words.front());
}

BindRequest request_of(const BindTarget& target) {
  BindRequest request;
  request.endpoint = target.endpoint;
  request.interface_index = target.interface_index;
  return request;
}

// A port alone means every address. What leaves 0.0.0.0 free may still refuse a
// server that takes IPv6 too: [::] is asked then, and its answer shown if it is no.
Result<Verdict> judge(Inquiry& inquiry, const BindTarget& target) {
  auto verdict = inquiry.judge(request_of(target));
  if (!verdict || !target.any_address || verdict->outcome != Answerable::free) {
    return verdict;
  }
  BindRequest both = request_of(target);
  both.endpoint.family = Family::ipv6;
  auto wider = inquiry.judge(both);
  const bool in_use =
      wider && wider->outcome == Answerable::blocked && wider->error == EADDRINUSE;
  return in_use ? wider : verdict;
}

int code_of_why(Answerable outcome) {
  switch (outcome) {
    case Answerable::blocked:
      return kYes;
    case Answerable::free:
      return kNo;
    case Answerable::unknown:
      break;
  }
  return kCannotKnow;
}

std::string why_text(const Verdict& verdict, const OutputOptions& output,
                     Context& context) {
  switch (output.format()) {
    case Format::json:
      return verdict_json(verdict);
    case Format::plain:
      return verdict_plain(verdict);
    case Format::people:
      break;
  }
  return verdict_page(verdict,
                      {context.clock.wall_now(), context.backends.own_netns(),
                       style_for(output, context), context.streams.width});
}

}  // namespace

int run_why(Context& context, const std::vector<std::string>& arguments) {
  WhyOptions options;
  Arguments parser("why [OPTION]... PORT[/PROTO] | ADDR:PORT[/PROTO]",
                   "Shows every reason why that address and port cannot be bound, "
                   "with evidence and\nwhat would help, the smallest step first. A "
                   "port alone means all addresses.\nExit code: 0 it is blocked, 1 "
                   "it is free, 3 that cannot be known.");
  declare(parser, options.output);
  declare(parser, options.where);
  parser.words(options.words);
  if (const auto code = parser.parse(arguments, context)) {
    return *code;
  }
  const auto target = check(options);
  if (!target) {
    return parser.refuse(context, target.error().context);
  }
  Inquiry inquiry(context, options.where, options.output);
  const auto verdict = judge(inquiry, *target);
  if (!verdict) {
    say(context, verdict.error().context);
    return kCannotKnow;
  }
  const int code = code_of_why(verdict->outcome);
  if (options.output.quiet) {
    return code;
  }
  if (options.output.format() == Format::plain) {
    (void)context.streams.err.write(gap_lines(verdict->missing));
  }
  return deliver(context, why_text(*verdict, options.output, context), code);
}

}  // namespace portwatch::cli
