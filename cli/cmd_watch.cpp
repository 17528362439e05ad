// cmd_watch.cpp - `portwatch watch`: events as they happen.
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/duration.h"
#include "cli/exit_code.h"
#include "cli/filter.h"
#include "cli/inquiry.h"
#include "cli/watch_by_looking.h"
#include "cli/watch_stream.h"

namespace portwatch::cli {
namespace {

using std::chrono::milliseconds;

struct WatchOptions {
  OutputOptions output;
  WhereOptions where;
  FilterOptions filter;
  std::vector<std::string> events;
  std::optional<std::string> recent;
  std::optional<std::string> count;
  std::optional<std::string> timeout;
  std::optional<std::string> interval;
};

// The options, read and checked.
struct WatchPlan {
  WatchStream::Rules rules;
  std::size_t recent = 0;
  std::optional<milliseconds> timeout;
  milliseconds interval{1000};
};

void declare(Arguments& parser, WatchOptions& options) {
  declare(parser, options.filter);
  parser.values("-e,--event", "TYPE", options.events,
                "only these events, see above");
  parser.value("-n,--recent", "N", options.recent,
               "begin with the last N events of the past");
  parser.value("--count", "N", options.count, "stop after N events");
  parser.value("--timeout", "TIME", options.timeout, "stop after 500ms, 5s, 2m...");
  parser.value("--interval", "TIME", options.interval,
               "without a daemon: look that often (1s)");
  declare(parser, options.output);
  declare(parser, options.where);
}

// "bind, listen, ... or portConflict".
std::string event_words() {
  std::string words;
  for (std::size_t i = 0; i < kChangeTypes; ++i) {
    words += i == 0 ? "" : i + 1 == kChangeTypes ? " or " : ", ";
    words += to_string(static_cast<ChangeType>(i));
  }
  return words;
}

template <class Value, class Parse>
Result<void> read(const std::optional<std::string>& text, Parse parse,
                  Value& value) {
  if (text) {
    const auto parsed = parse(*text);
    if (!parsed) {
      return parsed.error();
    }
    value = *parsed;
  }
  return {};
}

Result<void> read_types(const std::vector<std::string>& words,
                        std::vector<ChangeType>& types) {
  for (const std::string& word : words) {
    const auto type = change_type_from(word);
    if (!type) {
      return Error{Errc::invalid,
                   "bad --event '" + word + "': expected " + event_words()};
    }
    types.push_back(*type);
  }
  return {};
}

Result<WatchPlan> check(const WatchOptions& options, Backends& backends) {
  WatchPlan plan;
  Result<void> sound = check(options.output);
  sound = sound ? check(options.where) : sound;
  sound = sound ? read_types(options.events, plan.rules.types) : sound;
  sound = sound ? read(options.recent, parse_count, plan.recent) : sound;
  sound = sound ? read(options.count, parse_count, plan.rules.count) : sound;
  sound = sound ? read(options.timeout, parse_duration, plan.timeout) : sound;
  sound = sound ? read(options.interval, parse_duration, plan.interval) : sound;
  if (!sound) {
    return sound.error();
  }
  auto filter = make_filter(options.filter, backends);
  if (!filter) {
    return filter.error();
  }
  plan.rules.filter = std::move(filter).value();
  return plan;
}

VarlinkClient::WatchRequest request_of(const WatchPlan& plan) {
  VarlinkClient::WatchRequest request;
  request.recent = plan.recent;
  request.events = plan.rules.types;
  if (!request.events.empty()) {
    request.events.push_back(ChangeType::events_lost);
    request.events.push_back(ChangeType::resynced);
  }
  for (const PortSpec& port : plan.rules.filter.ports) {
    request.ports.push_back(port.port);
  }
  return request;
}

// How a stream of the daemon's ended: true when it was the user's timeout.
Result<bool> time_over(const Result<void>& watched, const WatchPlan& plan) {
  if (watched) {
    return false;
  }
  if (plan.timeout && watched.error().code == Errc::timed_out) {
    return true;
  }
  return watched.error();
}

// True when the time was over.
Result<bool> watch(Context& context, const WatchOptions& options,
                   const WatchPlan& plan, WatchStream& stream) {
  Inquiry inquiry(context, options.where, options.output);
  auto proven = inquiry.daemon();
  if (!proven) {
    return proven.error();
  }
  if (proven->has_value()) {
    return time_over(proven.value()->daemon->watch(
                         request_of(plan), plan.timeout,
                         [&](const Change& change) { return stream.show(change); }),
                     plan);
  }
  if (!options.output.quiet) {
    say(context, "no daemon is asked: comparing looks every " +
                     std::to_string(plan.interval.count()) +
                     " ms; what lives shorter is missed, failed binds and "
                     "loops are not seen");
  }
  auto reader = inquiry.fallback();
  return reader ? watch_by_looking(context, *reader.value(),
                                   {plan.interval, plan.timeout}, stream)
                : reader.error();
}

int exit_code(Context& context, const Result<bool>& time_over,
              const WatchStream& stream) {
  if (!time_over) {
    say(context, time_over.error().context);
    return kCannotKnow;
  }
  return *time_over && stream.wants_more() ? kTimedOut : kYes;
}

}  // namespace

int run_watch(Context& context, const std::vector<std::string>& arguments) {
  WatchOptions options;
  Arguments parser(
      "watch [OPTION]...",
      "Shows who takes and who releases ports, what fails to and what loops, as "
      "it\n"
      "happens, until interrupted. Events: bind, listen, release, bindFailed,\n"
      "bindFailureLoop, crashLoop, loopEnded, orphan, ownerChanged, timeWaitPile,\n"
      "portConflict, eventsLost, resynced.\nExit code: 0 done, 3 the source "
      "failed, 5 the time "
      "was over before the count.");
  declare(parser, options);
  if (const auto code = parser.parse(arguments, context)) {
    return *code;
  }
  auto plan = check(options, context.backends);
  if (!plan) {
    return parser.refuse(context, plan.error().context);
  }
  WatchStream stream(context, options.output, plan->rules);
  return exit_code(context, watch(context, options, *plan, stream), stream);
}

}  // namespace portwatch::cli
