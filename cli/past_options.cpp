#include "cli/past_options.h"

#include "cli/duration.h"
#include "cli/moment.h"
#include "cli/time_text.h"

namespace portwatch::cli {
namespace {

Result<void> read_port(const std::vector<std::string>& words,
                       HistoryQuestion& question) {
  if (words.size() > 1) {
    return Error{Errc::invalid, "one port at most, not '" + words[1] + "' too"};
  }
  if (!words.empty()) {
    const auto port = parse_port_spec(words.front());
    if (!port) {
      return port.error();
    }
    question.port = port->port;
    question.protocol = port->protocol;
  }
  return {};
}

Result<void> read_since(const std::optional<std::string>& text, WallTime now,
                        HistoryQuestion& question) {
  if (text) {
    const auto moment = parse_past_moment(*text, "--since", now);
    if (!moment) {
      return moment.error();
    }
    question.since = *moment;
  }
  return {};
}

Result<void> read_until(const std::optional<std::string>& text, WallTime now,
                        HistoryQuestion& question) {
  if (text) {
    const auto moment = question.since
                            ? parse_moment_after(*text, *question.since, now)
                            : parse_moment(*text, now);
    if (!moment) {
      return moment.error();
    }
    question.until = *moment;
  }
  return {};
}

Result<void> read_limit(const std::optional<std::string>& text,
                        std::size_t& limit) {
  if (text) {
    const auto parsed = parse_count(*text);
    if (!parsed || *parsed > kMaxHistoryRows) {
      return Error{Errc::invalid, "bad --limit '" + *text +
                                      "': expected a number from 1 to " +
                                      std::to_string(kMaxHistoryRows)};
    }
    limit = *parsed;
  }
  return {};
}

}  // namespace

void declare(Arguments& arguments, PastOptions& options, bool times) {
  if (times) {
    arguments.value("--since", "TIME", options.since,
                    "from then on: 10:42, '2026-11-21 10:42', 5m ago");
    arguments.value("--until", "TIME", options.until, "up to then");
    arguments.value("--limit", "N", options.limit,
                    "the youngest N (1000; at most 10000)");
  }
  arguments.words(options.words);
  declare(arguments, options.output);
  declare(arguments, options.where);
}

Result<WallTime> parse_past_moment(const std::string& text, const char* option,
                                   WallTime now) {
  const auto moment = parse_moment(text, now);
  if (moment && *moment > now) {
    return Error{Errc::invalid, std::string(option) + " '" + text +
                                    "' is in the future: it is " +
                                    local_time(now, now) + " now"};
  }
  return moment;
}

Result<HistoryQuestion> question_of(const PastOptions& options, WallTime now) {
  HistoryQuestion question;
  auto sound = check(options.output);
  sound = sound ? check(options.where) : sound;
  sound = sound ? read_port(options.words, question) : sound;
  sound = sound ? read_since(options.since, now, question) : sound;
  sound = sound ? read_until(options.until, now, question) : sound;
  sound = sound ? read_limit(options.limit, question.limit) : sound;
  if (!sound) {
    return sound.error();
  }
  if (question.since && question.until && *question.since > *question.until) {
    return Error{Errc::invalid, "--since is later than --until"};
  }
  return question;
}

}  // namespace portwatch::cli
