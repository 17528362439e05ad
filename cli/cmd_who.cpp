// cmd_who.cpp - `portwatch who PORT[/PROTO]...`: who holds it?
#include <algorithm>

#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/exit_code.h"
#include "cli/inquiry.h"
#include "cli/past_command.h"
#include "cli/print.h"
#include "cli/verdict.h"

namespace portwatch::cli {
namespace {

struct WhoOptions {
  OutputOptions output;
  WhereOptions where;
  std::vector<std::string> words;
  std::optional<std::string> at;
};

Result<std::vector<PortSpec>> read_ports(const std::vector<std::string>& words) {
  if (words.empty()) {
    return Error{
        Errc::invalid,
        "which port? (expected PORT or PORT/PROTO, as in 5055 or 5055/udp)"};
  }
  std::vector<PortSpec> ports;
  for (const std::string& word : words) {
    const auto port = parse_port_spec(word);
    if (!port) {
      return port.error();
    }
    const auto same = [&](const PortSpec& known) {
      return known.port == port->port && known.protocol == port->protocol;
    };
    if (std::none_of(ports.begin(), ports.end(), same)) {
      ports.push_back(*port);
    }
  }
  return ports;
}

Result<std::vector<PortSpec>> check(const WhoOptions& options) {
  if (const auto sound = check(options.output); !sound) {
    return sound.error();
  }
  if (const auto sound = check(options.where); !sound) {
    return sound.error();
  }
  return read_ports(options.words);
}

std::vector<Question> questions_of(const std::vector<PortSpec>& ports,
                                   std::uint32_t own_netns) {
  std::vector<Question> questions;
  for (const PortSpec& port : ports) {
    Question question;
    question.port = port.port;
    question.protocol = port.protocol;
    question.own_netns = own_netns;
    questions.push_back(question);
  }
  return questions;
}

HistoryQuestion question_at(const PortSpec& port, WallTime moment) {
  HistoryQuestion question;
  question.port = port.port;
  question.protocol = port.protocol;
  question.since = moment;
  question.until = moment;
  return question;
}

Result<Answer> ask_past(Inquiry& inquiry, const std::vector<PortSpec>& ports,
                        WallTime moment) {
  return inquiry.ask_only_daemon([&](Daemon& daemon) -> Result<Answer> {
    Answer whole;
    for (const PortSpec& port : ports) {
      auto part = daemon.history(question_at(port, moment));
      if (!part) {
        return part.error();
      }
      whole.source = part->source;
      merge(whole, std::move(part).value());
    }
    return whole;
  });
}

// `who 80 80/tcp` asks twice for the same sockets.
void drop_repeats(std::vector<Binding>& sorted) {
  const auto same = [](const Binding& a, const Binding& b) {
    return a.id == b.id && a.endpoint == b.endpoint && a.netns == b.netns;
  };
  sorted.erase(std::unique(sorted.begin(), sorted.end(), same), sorted.end());
}

std::string text_of(const Answer& answer, const std::vector<PortSpec>& ports,
                    const WhoOptions& options, Context& context,
                    std::uint32_t own_netns) {
  switch (options.output.format()) {
    case Format::json:
      return print_json(answer);
    case Format::plain:
      return print_plain(answer);
    case Format::people:
      break;
  }
  const View view{context.clock.wall_now(), own_netns,
                  style_for(options.output, context), context.streams.width};
  return print_page(answer, ports, view, [&](const Process& process) {
    return context.backends.ancestors(process);
  });
}

int who_then(Context& context, const WhoOptions& options,
             const std::vector<PortSpec>& ports, WallTime moment) {
  Inquiry inquiry(context, options.where, options.output);
  auto answer = ask_past(inquiry, ports, moment);
  if (answer) {  // an id is unique only while the host is up
    auto& past = answer->bindings;
    past.erase(std::unique(past.begin(), past.end()), past.end());
  }
  return deliver_past<Answer>(context, options.output, answer,
                              answer ? answer->bindings.size() : 0,
                              {print_json, history_plain, history_page});
}

}  // namespace

int run_who(Context& context, const std::vector<std::string>& arguments) {
  WhoOptions options;
  Arguments parser("who [OPTION]... PORT[/PROTO]...",
                   "Shows every socket on the port, and every process that holds "
                   "it.\nExit code: 0 somebody holds it, 1 nobody does, 3 that "
                   "cannot be known.");
  parser.value("--at", "TIME", options.at,
               "who held it then: 10:42, '2026-11-21 10:42', 5m ago");
  declare(parser, options.output);
  declare(parser, options.where);
  parser.words(options.words);
  if (const auto code = parser.parse(arguments, context)) {
    return *code;
  }
  const auto ports = check(options);
  if (!ports) {
    return parser.refuse(context, ports.error().context);
  }
  if (options.at) {
    const auto moment =
        parse_past_moment(*options.at, "--at", context.clock.wall_now());
    return moment ? who_then(context, options, *ports, *moment)
                  : parser.refuse(context, moment.error().context);
  }
  const std::uint32_t own_netns = context.backends.own_netns();
  Inquiry inquiry(context, options.where, options.output);
  auto answer = inquiry.ask(questions_of(*ports, own_netns));
  if (!answer) {
    say(context, answer.error().context);
    return kCannotKnow;
  }
  sort_bindings(answer->bindings, own_netns);
  drop_repeats(answer->bindings);
  const int code = verdict(*answer, *ports);
  if (options.output.quiet) {
    return code;
  }
  if (options.output.format() == Format::plain) {
    (void)context.streams.err.write(gap_lines(answer->missing));
  }
  return deliver(context, text_of(*answer, *ports, options, context, own_netns),
                 code);
}

}  // namespace portwatch::cli
