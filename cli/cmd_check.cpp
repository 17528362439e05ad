// cmd_check.cpp - `portwatch check ADDR:PORT`: would a bind succeed for me, now?
#include "cli/bind_target.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/exit_code.h"
#include "cli/inquiry.h"
#include "cli/print.h"
#include "cli/text.h"

namespace portwatch::cli {
namespace {

struct CheckOptions {
  OutputOptions output;
  WhereOptions where;
  std::vector<std::string> words;
  bool udp = false;
  bool reuse_addr = false;
  bool reuse_port = false;
  bool ipv6_only = false;
  bool tries = false;
};

void declare(Arguments& parser, CheckOptions& options) {
  parser.flag("-u,--udp", options.udp, "UDP, not TCP");
  parser.flag("--reuseaddr", options.reuse_addr, "with SO_REUSEADDR");
  parser.flag("--reuseport", options.reuse_port, "with SO_REUSEPORT");
  parser.flag("--v6only", options.ipv6_only, "with IPV6_V6ONLY");
  parser.flag("--try", options.tries, "really bind, and close at once");
  declare(parser, options.output);
  declare(parser, options.where);
  parser.words(options.words);
}

Result<BindTarget> read_target(const CheckOptions& options) {
  if (options.words.size() != 1) {
    return Error{Errc::invalid,
                 "which port? (expected one ADDR:PORT or PORT, as in "
                 "127.0.0.1:5055 or 5055)"};
  }
  auto target = parse_bind_target(options.words.front());
  if (target && options.udp) {
    if (target->names_protocol && target->endpoint.protocol != Protocol::udp) {
      return Error{Errc::invalid, "--udp, but '" + options.words.front() + "'"};
    }
    target->endpoint.protocol = Protocol::udp;
  }
  if (target && options.ipv6_only && target->endpoint.family == Family::ipv4) {
    return Error{Errc::invalid, "--v6only needs an IPv6 address, as in [::]:5055"};
  }
  return target;
}

Result<BindRequest> check(const CheckOptions& options) {
  auto sound = check(options.output);
  sound = sound ? check(options.where) : sound;
  if (!sound) {
    return sound.error();
  }
  const auto target = read_target(options);
  if (!target) {
    return target.error();
  }
  BindRequest request;
  request.endpoint = target->endpoint;
  request.interface_index = target->interface_index;
  request.reuse_addr = options.reuse_addr;
  request.reuse_port = options.reuse_port;
  request.ipv6_only = options.ipv6_only;
  return request;
}

int code_of_check(Answerable outcome) {
  switch (outcome) {
    case Answerable::free:
      return kYes;
    case Answerable::blocked:
      return kNo;
    case Answerable::unknown:
      break;
  }
  return kCannotKnow;
}

std::string tried_line(int error, Answerable expected) {
  const bool surprise =
      expected == (error == 0 ? Answerable::blocked : Answerable::free);
  return (error == 0 ? "  tried        it succeeds"
                     : "  tried        " + error_name(error)) +
         (surprise ? ", against what was expected\n" : "\n");
}

// What the kernel does wins over what we say that it would do.
void settle(Verdict& verdict, int error) {
  verdict.outcome = error == 0 ? Answerable::free : Answerable::blocked;
  verdict.error = error;
  if (error != 0) {
    return;
  }
  for (Reason& reason : verdict.reasons) {
    reason.blocks = false;
    reason.error = 0;
  }
}

std::string check_text(const Verdict& verdict, std::optional<int> tried,
                       Answerable expected, const OutputOptions& output,
                       Context& context) {
  switch (output.format()) {
    case Format::json:
      return tried ? verdict_json(verdict, *tried) : verdict_json(verdict);
    case Format::plain:
      return verdict_plain(verdict) +
             (tried ? "tried\t" + (*tried == 0 ? "-" : error_name(*tried)) + "\n"
                    : "");
    case Format::people:
      break;
  }
  const View view{context.clock.wall_now(), context.backends.own_netns(),
                  style_for(output, context), context.streams.width};
  return verdict_lines(verdict, view) + (tried ? tried_line(*tried, expected) : "");
}

// The errno of the real bind, which settles the verdict; empty when there was no
// socket for it: that is said, and a "yes" that was to be proven is none.
std::optional<int> really_try(Context& context, const BindRequest& request,
                              Verdict& verdict) {
  const auto tried = context.backends.try_bind(request);
  if (tried) {
    settle(verdict, *tried);
    return *tried;
  }
  say(context, "cannot try: " + tried.error().context);
  if (verdict.outcome == Answerable::free) {
    verdict.outcome = Answerable::unknown;
  }
  return std::nullopt;
}

}  // namespace

int run_check(Context& context, const std::vector<std::string>& arguments) {
  CheckOptions options;
  Arguments parser("check [OPTION]... ADDR:PORT[/PROTO] | PORT[/PROTO]",
                   "Would a bind there succeed, for you, here and now? A port "
                   "alone means 0.0.0.0.\nExit code: 0 it would, 1 it would not, "
                   "3 that cannot be known.");
  declare(parser, options);
  if (const auto code = parser.parse(arguments, context)) {
    return *code;
  }
  const auto request = check(options);
  if (!request) {
    return parser.refuse(context, request.error().context);
  }
  Inquiry inquiry(context, options.where, options.output);
  auto verdict = inquiry.judge(*request);
  if (!verdict) {
    say(context, verdict.error().context);
    return kCannotKnow;
  }
  const Answerable expected = verdict->outcome;
  const auto tried = options.tries ? really_try(context, *request, *verdict)
                                   : std::optional<int>();
  const int code = code_of_check(verdict->outcome);
  if (options.output.quiet) {
    return code;
  }
  if (options.output.format() == Format::plain) {
    (void)context.streams.err.write(gap_lines(verdict->missing));
  }
  return deliver(context,
                 check_text(*verdict, tried, expected, options.output, context),
                 code);
}

}  // namespace portwatch::cli
