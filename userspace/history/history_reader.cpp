#include "userspace/history/history_reader.h"

#include <algorithm>
#include <array>
#include <optional>

#include "userspace/model/change.h"

namespace portwatch {
namespace {

// After a loss the kernel's picture is taken anew, which takes a while to be told.
constexpr std::chrono::seconds kUntilRepaired{5};

// SQL that grows with the question: "(? IS NULL OR port=?)" would use no index.
class Query {
 public:
  explicit Query(std::string select) : sql_(std::move(select)) {}
  void where(std::string_view condition, SqlValue value) {
    add(condition);
    values_.push_back(value);
  }
  void where_one_of(const std::string& column,
                    std::span<const std::string_view> values) {
    std::string places;
    for (std::size_t i = 0; i < values.size(); ++i) {
      places += i == 0 ? "?" : ",?";
    }
    add(column + " IN (" + places + ")");
    values_.insert(values_.end(), values.begin(), values.end());
  }
  // One more than `limit`, which tells whether there are more.
  void youngest(const std::string& time, std::size_t limit,
                const std::optional<HistoryCursor>& before) {
    if (before) {
      where(time + "<=?", before->time);
      where("(" + time + "<?", before->time);
      sql_ += " OR seq<?)";
      values_.emplace_back(before->row);
    }
    sql_ += " ORDER BY " + time + " DESC, seq DESC LIMIT ?";
    values_.emplace_back(static_cast<std::int64_t>(limit) + 1);
  }
  Result<Statement> begin(Database& database) const {
    auto statement = database.prepare(sql_);
    if (statement) {
      statement->ask(values_);
    }
    return statement;
  }

 private:
  void add(std::string_view condition) {
    sql_ += values_.empty() ? " WHERE " : " AND ";
    sql_ += condition;
  }

  std::string sql_;
  std::vector<SqlValue> values_;
};

void narrow(Query& query, const HistoryQuestion& question) {
  if (question.port) {
    query.where("port=?", std::int64_t{*question.port});
  }
  if (question.netns) {
    query.where("netns=?", std::int64_t{*question.netns});
  }
  if (question.protocol) {
    std::vector<std::string_view> names;
    for (const Protocol held : {Protocol::tcp, Protocol::udp, Protocol::mptcp,
                                Protocol::udplite, Protocol::sctp}) {
      if (covers(*question.protocol, held)) {
        names.push_back(to_string(held));
      }
    }
    query.where_one_of("protocol", names);
  }
}

// Columns 0 to 2: seq, time, document. Rows come youngest first and go back oldest
// first.
template <class Row, class Make>
Result<HistoryPage<Row>> collect(Database& database, const Query& query,
                                 const PageLimits& limits, Make make) {
  auto statement = query.begin(database);
  if (!statement) {
    return statement.error();
  }
  HistoryPage<Row> page;
  HistoryCursor last;
  std::size_t bytes = 0;
  for (;;) {
    const auto found = statement->step();
    if (!found) {
      return found.error().code == Errc::timed_out
                 ? Error{Errc::timed_out, "the question takes too long: narrow it"}
                 : found.error();
    }
    bytes += *found ? statement->text(2).size() : 0;
    const bool full = page.rows.size() == limits.rows ||
                      (bytes > limits.bytes && !page.rows.empty());
    if (!*found || full) {
      if (*found) {
        page.before = last;
      }
      std::reverse(page.rows.begin(), page.rows.end());
      return page;
    }
    last = {statement->integer(1), statement->integer(0)};
    page.rows.push_back(make(*statement));
  }
}

PageLimits limits_of(const HistoryQuestion& question, const PageLimits& limits) {
  return {std::clamp(question.limit, std::size_t{1}, limits.rows), limits.bytes};
}

std::optional<WallTime> maybe_time(const Statement& row, int column) {
  const auto number = row.maybe_integer(column);
  return number ? std::optional(wall_time(*number)) : std::nullopt;
}

// The spans between `since` (none: the first life) and `end` that are in no life.
Result<std::vector<TimeSpan>> read_unwatched(Database& database,
                                             std::optional<WallTime> since,
                                             WallTime end, std::int64_t run) {
  auto lives = database.prepare(
      "SELECT started, last_seen, run FROM life WHERE started<=? ORDER BY started");
  if (!lives) {
    return lives.error();
  }
  const SqlValue latest = sql_value(end);
  lives->ask({&latest, 1});
  std::vector<TimeSpan> spans;
  std::optional<WallTime> seen = since;  // all up to there is accounted for
  for (;;) {
    const auto row = lives->step();
    if (!row) {
      return row.error();
    }
    const bool last = !*row;
    const WallTime from = last ? end : wall_time(lives->integer(0));
    const WallTime to = last                       ? end
                        : lives->integer(2) == run ? WallTime::max()
                                                   : wall_time(lives->integer(1));
    // An instant has no length: it is in no life when none went on beyond it.
    const bool instant = last && since == end && seen == since;
    if ((seen && from > *seen) || instant) {
      spans.push_back({*seen, from});
    }
    if (last) {
      return spans;
    }
    seen = std::max(seen.value_or(to), to);
  }
}

}  // namespace

Result<HistoryPage<PastBinding>> read_bindings(Database& database,
                                               const HistoryQuestion& question,
                                               const PageLimits& limits) {
  // The creator's pid is in the document only. Documents that are no JSON have
  // none.
  Query query(
      "SELECT seq, began, document, since, until, end_known,"
      " (SELECT event.document FROM event WHERE event.pid="
      "CASE WHEN json_valid(binding.document)"
      " THEN json_extract(binding.document,'$.creator.pid') END"
      " AND event.time>=binding.began AND event.boot=binding.boot"
      " ORDER BY event.time LIMIT 1) FROM binding");
  narrow(query, question);
  if (question.until) {
    query.where("began<=?", sql_value(*question.until));
  }
  if (question.since) {
    query.where("(until IS NULL OR until>=?)", sql_value(*question.since));
  }
  const PageLimits page = limits_of(question, limits);
  query.youngest("began", page.rows, question.before);
  return collect<PastBinding>(database, query, page, [](const Statement& row) {
    return PastBinding{std::string(row.text(2)), maybe_time(row, 3),
                       maybe_time(row, 4), row.integer(5) != 0,
                       std::string(row.text(6))};
  });
}

Result<HistoryPage<std::string>> read_events(
    Database& database, std::span<const std::string_view> kinds,
    const HistoryQuestion& question, const PageLimits& limits) {
  Query query("SELECT seq, time, document FROM event");
  narrow(query, question);
  if (!kinds.empty()) {
    query.where_one_of("kind", kinds);
  }
  if (question.until) {
    query.where("time<=?", sql_value(*question.until));
  }
  if (question.since) {
    query.where("time>=?", sql_value(*question.since));
  }
  const PageLimits page = limits_of(question, limits);
  query.youngest("time", page.rows, question.before);
  return collect<std::string>(database, query, page, [](const Statement& row) {
    return std::string(row.text(2));
  });
}

Result<NotSeen> read_not_seen(Database& database, const HistoryQuestion& question,
                              std::int64_t run, WallTime now) {
  NotSeen seen;
  const WallTime end = std::min(question.until.value_or(now), now);
  if (question.since || question.until) {
    auto unwatched = read_unwatched(database, question.since, end, run);
    if (!unwatched) {
      return unwatched.error();
    }
    seen.unwatched = std::move(*unwatched);
  }
  auto losses = database.prepare(
      "SELECT max(time) FROM event WHERE kind=? AND time>=? AND time<=?");
  if (!losses) {
    return losses.error();
  }
  const std::string_view kind = to_string(ChangeType::events_lost);
  const std::array<SqlValue, 3> values = {
      kind, sql_value(question.since.value_or(WallTime{})),
      sql_value(end + kUntilRepaired)};
  losses->ask(values);
  if (const auto row = losses->step(); !row) {
    return row.error();
  }
  seen.last_loss = maybe_time(*losses, 0);
  return seen;
}

}  // namespace portwatch
