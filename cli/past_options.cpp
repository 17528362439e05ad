#include "cli/past_options.h"

#include "cli/duration.h"
#include "cli/moment.h"

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

Result<void> read_moment(const std::optional<std::string>& text, WallTime now,
                         std::optional<WallTime>& moment) {
  if (text) {
    const auto parsed = parse_moment(*text, now);
    if (!parsed) {
      return parsed.error();
    }
    moment = *parsed;
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

Result<HistoryQuestion> question_of(const PastOptions& options, WallTime now) {
  HistoryQuestion question;
  auto sound = check(options.output);
  sound = sound ? check(options.where) : sound;
  sound = sound ? read_port(options.words, question) : sound;
  sound = sound ? read_moment(options.since, now, question.since) : sound;
  sound = sound ? read_moment(options.until, now, question.until) : sound;
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
