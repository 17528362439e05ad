// history_reader.h - questions to the tables.
//
// Threads: that of the Database that is given. A page has the limits' rows and
// bytes of documents at most, one row at least. Errors: those of sqlite.h,
// timed_out when the Database has a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/history/history_row.h"
#include "userspace/history/sqlite.h"
#include "userspace/model/history.h"

namespace portwatch {

struct PageLimits {
  std::size_t rows = kMaxPageRows;
  std::size_t bytes = 0;
};

Result<HistoryPage<PastBinding>> read_bindings(Database& database,
                                               const HistoryQuestion& question,
                                               const PageLimits& limits);
Result<HistoryPage<std::string>> read_events(
    Database& database, std::span<const std::string_view> kinds,
    const HistoryQuestion& question, const PageLimits& limits);

// Of the time from question.since (none: the first sign of life) to question.until
// (none: now). `run`: the life that goes on; 0: none does.
Result<NotSeen> read_not_seen(Database& database, const HistoryQuestion& question,
                              std::int64_t run, WallTime now);

}  // namespace portwatch
