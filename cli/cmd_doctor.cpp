// cmd_doctor.cpp - `portwatch doctor [PORT...]`: what is wrong with the ports?
#include <algorithm>

#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/doctor.h"
#include "cli/exit_code.h"
#include "cli/inquiry.h"
#include "cli/print_doctor.h"

namespace portwatch::cli {
namespace {

struct DoctorOptions {
  OutputOptions output;
  WhereOptions where;
  std::vector<std::string> words;
};

Result<std::vector<PortSpec>> check(const DoctorOptions& options) {
  auto sound = check(options.output);
  sound = sound ? check(options.where) : sound;
  if (!sound) {
    return sound.error();
  }
  std::vector<PortSpec> ports;
  for (const std::string& word : options.words) {
    const auto port = parse_port_spec(word);
    if (!port) {
      return port.error();
    }
    ports.push_back(*port);
  }
  return ports;
}

Question every_socket(std::uint32_t own_netns) {
  Question question;
  question.connected = true;
  question.own_netns = own_netns;
  return question;
}

// The events, or an answer that says why there are none.
EventsAnswer or_gap(Result<EventsAnswer> answer, const char* what) {
  if (answer) {
    return std::move(answer).value();
  }
  EventsAnswer none;
  none.confidence = Confidence::partial;
  none.missing = {{what, answer.error().code == Errc::not_supported
                             ? "the daemon is older than this command"
                             : answer.error().context}};
  return none;
}

Result<void> ask_daemon(Inquiry::Proven& proven, WallTime now, DoctorFacts& facts) {
  auto sockets = proven.daemon->ask(every_socket(facts.own_netns));
  if (!sockets) {
    return sockets.error();
  }
  facts.sockets = std::move(sockets).value();
  facts.status = proven.status;
  HistoryQuestion question;
  question.since = now - kDoctorMemory;
  question.limit = kMaxHistoryRows;
  if (facts.ports.size() == 1) {
    question.port = facts.ports.front().port;
  }
  facts.failures = or_gap(proven.daemon->failures(question), "failures");
  facts.loops = or_gap(proven.daemon->loops(question), "loops");
  return {};
}

Result<void> look(Inquiry& inquiry, Context& context, DoctorFacts& facts) {
  auto reader = inquiry.fallback();
  if (!reader) {
    return reader.error();
  }
  auto sockets = reader.value()->read(every_socket(facts.own_netns));
  if (!sockets) {
    return sockets.error();
  }
  (void)context.backends.name_containers(sockets->bindings);
  sockets->miss(
      {"failures", "no daemon runs that would know failed binds and loops"});
  facts.sockets = std::move(sockets).value();
  return {};
}

Result<DoctorFacts> collect(Context& context, const DoctorOptions& options,
                            std::vector<PortSpec> ports) {
  DoctorFacts facts;
  facts.ports = std::move(ports);
  facts.own_netns = context.backends.own_netns();
  facts.automatic = context.backends.automatic_ports();
  Inquiry inquiry(context, options.where, options.output);
  auto proven = inquiry.daemon();
  if (!proven) {
    return proven.error();
  }
  const auto done = proven->has_value()
                        ? ask_daemon(**proven, context.clock.wall_now(), facts)
                        : look(inquiry, context, facts);
  if (!done) {
    return done.error();
  }
  return facts;
}

std::string doctor_text(const DoctorFacts& facts,
                        const std::vector<Finding>& findings,
                        const OutputOptions& output, Context& context) {
  switch (output.format()) {
    case Format::json:
      return doctor_json(facts, findings);
    case Format::plain:
      return doctor_plain(facts, findings);
    case Format::people:
      break;
  }
  return doctor_page(facts, findings,
                     {context.clock.wall_now(), facts.own_netns,
                      style_for(output, context), context.streams.width});
}

}  // namespace

int run_doctor(Context& context, const std::vector<std::string>& arguments) {
  DoctorOptions options;
  Arguments parser("doctor [OPTION]... [PORT[/PROTO]]...",
                   "Shows what is on each port that is named, and everything that "
                   "is wrong: loops,\nrecent failed binds, piles of closed "
                   "connections, orphans, servers in each\nother's way, ports that "
                   "a client took.\nExit code: 0 clean, 1 there are findings, 3 "
                   "that cannot be known.");
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
  const auto facts = collect(context, options, *ports);
  if (!facts) {
    say(context, facts.error().context);
    return kCannotKnow;
  }
  const std::vector<Finding> findings = diagnose(*facts);
  const int code = doctor_verdict(*facts, findings);
  if (options.output.quiet) {
    return code;
  }
  if (options.output.format() == Format::plain) {
    (void)context.streams.err.write(gap_lines(doctor_gaps(*facts)));
  }
  return deliver(context, doctor_text(*facts, findings, options.output, context),
                 code);
}

}  // namespace portwatch::cli
