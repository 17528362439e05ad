// The limits of age and size. Rows go in the order in which they ended; an open
// binding is no past yet and goes last.
#include <algorithm>

#include "userspace/history/history_writer.h"

namespace portwatch {
namespace {

// A call deletes more rows than a batch brings, so that it keeps up.
constexpr std::int64_t kRowsPerStep = 1000;
constexpr int kStepsPerCall = 8;
constexpr std::int64_t kPagesPerShrink = 2000;

constexpr std::string_view kOldEvents =
    "DELETE FROM event WHERE seq IN"
    " (SELECT seq FROM event WHERE time<? ORDER BY time LIMIT ?)";
constexpr std::string_view kOldBindings =
    "DELETE FROM binding WHERE seq IN"
    " (SELECT seq FROM binding WHERE until<? ORDER BY until LIMIT ?)";
constexpr std::string_view kOldLives =
    "DELETE FROM life WHERE last_seen<? AND run<>? AND NOT EXISTS"
    " (SELECT 1 FROM binding WHERE binding.boot=life.boot)";
constexpr std::string_view kOldestEvents =
    "DELETE FROM event WHERE seq IN (SELECT seq FROM event ORDER BY time LIMIT ?)";
constexpr std::string_view kOldestBindings =
    "DELETE FROM binding WHERE seq IN (SELECT seq FROM binding"
    " WHERE until IS NOT NULL ORDER BY until LIMIT ?)";
constexpr std::string_view kOldestOpen =
    "DELETE FROM binding WHERE seq IN (SELECT seq FROM binding ORDER BY began"
    " LIMIT ?)";

Result<std::int64_t> delete_rows(Database& database, std::string_view sql,
                                 std::initializer_list<SqlValue> values) {
  auto statement = database.prepare(sql);
  if (!statement) {
    return statement.error();
  }
  if (const auto done = statement->run(values); !done) {
    return done.error();
  }
  return database.changes();
}

struct Pages {
  std::int64_t size = 0;
  std::int64_t all = 0;
  std::int64_t free = 0;  // of them, within the file
};
Result<Pages> count_pages(Database& database) {
  const auto size = database.integer("PRAGMA page_size");
  const auto all = database.integer("PRAGMA page_count");
  const auto free = database.integer("PRAGMA freelist_count");
  if (!size || !all || !free) {
    return !size ? size.error() : !all ? all.error() : free.error();
  }
  return Pages{*size, *all, *free};
}

}  // namespace

Result<std::int64_t> HistoryWriter::delete_oldest() {
  const auto oldest_event = database_.integer("SELECT min(time) FROM event");
  const auto oldest_end =
      database_.integer("SELECT min(until) FROM binding WHERE until IS NOT NULL");
  if (!oldest_event || !oldest_end) {
    return oldest_event ? oldest_end.error() : oldest_event.error();
  }
  // 0: there is none (NULL).
  const bool events_first =
      *oldest_event != 0 && (*oldest_end == 0 || *oldest_event <= *oldest_end);
  const std::string_view sql = events_first       ? kOldestEvents
                               : *oldest_end != 0 ? kOldestBindings
                                                  : kOldestOpen;
  return delete_rows(database_, sql, {kRowsPerStep / 10});
}

Result<void> HistoryWriter::keep_limits(std::uint64_t max_bytes, WallTime oldest) {
  const SqlValue time = sql_value(oldest);
  const std::int64_t most = kRowsPerStep * kStepsPerCall;
  const auto events = delete_rows(database_, kOldEvents, {time, most});
  if (!events) {
    return events.error();
  }
  rows_ -= *events;
  const auto bindings = delete_rows(database_, kOldBindings, {time, most});
  if (!bindings) {
    return bindings.error();
  }
  rows_ -= *bindings;
  if (*bindings > 0) {
    if (auto lives = delete_rows(database_, kOldLives, {time, run_}); !lives) {
      return lives.error();
    }
  }
  return shrink(max_bytes);
}

Result<void> HistoryWriter::shrink(std::uint64_t max_bytes) {
  const auto limit = static_cast<std::int64_t>(max_bytes);
  auto pages = count_pages(database_);
  const bool too_large = pages && (pages->all - pages->free) * pages->size > limit;
  // A bit more than needed, so that not every batch deletes.
  const std::int64_t aim = limit - limit / 16;
  for (int i = 0; too_large && i < kStepsPerCall * 10; ++i) {
    if (!pages || (pages->all - pages->free) * pages->size <= aim) {
      break;
    }
    const auto deleted = delete_oldest();
    if (!deleted) {
      return deleted.error();
    }
    rows_ -= *deleted;
    if (*deleted == 0) {
      break;
    }
    pages = count_pages(database_);
  }
  if (!pages) {
    return pages.error();
  }
  // Free pages are used again; only many of them are given back.
  if (pages->all * pages->size > limit || pages->free * 2 > pages->all) {
    const std::string sql =
        "PRAGMA incremental_vacuum(" + std::to_string(kPagesPerShrink) + ")";
    return database_.run(sql.c_str());
  }
  return {};
}

}  // namespace portwatch
