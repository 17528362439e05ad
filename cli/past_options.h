// past_options.h - the options of the commands that ask for the past.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/common_options.h"
#include "userspace/model/history.h"

namespace portwatch::cli {

struct PastOptions {
  OutputOptions output;
  WhereOptions where;
  std::vector<std::string> words;  // at most one PORT[/PROTO]
  std::optional<std::string> since;
  std::optional<std::string> until;
  std::optional<std::string> limit;
};

// With --since, --until and --limit only where `times`.
void declare(Arguments& arguments, PastOptions& options, bool times);

// parse_moment(), but not of the future. Error: invalid, one line.
Result<WallTime> parse_past_moment(const std::string& text, const char* option,
                                   WallTime now);

// Error: invalid, one line.
Result<HistoryQuestion> question_of(const PastOptions& options, WallTime now);

}  // namespace portwatch::cli
