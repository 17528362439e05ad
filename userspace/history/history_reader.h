// history_reader.h - questions to the tables.
//
// Threads: that of the Database that is given. At most kMaxHistoryRows rows and
// `max_bytes` of documents come back. Errors: overloaded, with more bytes; those of
// sqlite.h, timed_out when the Database has a limit.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/history/history_row.h"
#include "userspace/history/sqlite.h"
#include "userspace/model/history.h"

namespace portwatch {

Result<std::vector<PastBinding>> read_bindings(Database& database,
                                               const HistoryQuestion& question,
                                               std::size_t max_bytes);
Result<std::vector<std::string>> read_events(
    Database& database, std::span<const std::string_view> kinds,
    const HistoryQuestion& question, std::size_t max_bytes);

}  // namespace portwatch
