#include "userspace/history/history_reader.h"

#include <algorithm>
#include <array>
#include <optional>

namespace portwatch {
namespace {

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
  void youngest(std::string_view time, std::size_t limit) {
    sql_ += " ORDER BY " + std::string(time) + " DESC, seq DESC LIMIT ?";
    values_.emplace_back(static_cast<std::int64_t>(
        std::clamp(limit, std::size_t{1}, kMaxHistoryRows)));
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

// Column 0 is the document. Rows come youngest first and go back oldest first.
template <class Row, class Make>
Result<std::vector<Row>> collect(Database& database, const Query& query,
                                 std::size_t max_bytes, Make make) {
  auto statement = query.begin(database);
  if (!statement) {
    return statement.error();
  }
  std::vector<Row> rows;
  std::size_t bytes = 0;
  for (;;) {
    const auto found = statement->step();
    if (!found) {
      return found.error().code == Errc::timed_out
                 ? Error{Errc::timed_out, "the question takes too long: narrow it"}
                 : found.error();
    }
    if (!*found) {
      std::reverse(rows.begin(), rows.end());
      return rows;
    }
    bytes += statement->text(0).size();
    if (bytes > max_bytes) {
      return Error{Errc::overloaded,
                   "the answer is too large: narrow the question"};
    }
    rows.push_back(make(*statement));
  }
}

std::optional<WallTime> maybe_time(const Statement& row, int column) {
  const auto number = row.maybe_integer(column);
  return number ? std::optional(wall_time(*number)) : std::nullopt;
}

}  // namespace

Result<std::vector<PastBinding>> read_bindings(Database& database,
                                               const HistoryQuestion& question,
                                               std::size_t max_bytes) {
  Query query("SELECT document, since, until, end_known FROM binding");
  narrow(query, question);
  if (question.until) {
    query.where("began<=?", sql_value(*question.until));
  }
  if (question.since) {
    query.where("(until IS NULL OR until>=?)", sql_value(*question.since));
  }
  query.youngest("began", question.limit);
  return collect<PastBinding>(database, query, max_bytes, [](const Statement& row) {
    return PastBinding{std::string(row.text(0)), maybe_time(row, 1),
                       maybe_time(row, 2), row.integer(3) != 0};
  });
}

Result<std::vector<std::string>> read_events(
    Database& database, std::span<const std::string_view> kinds,
    const HistoryQuestion& question, std::size_t max_bytes) {
  Query query("SELECT document FROM event");
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
  query.youngest("time", question.limit);
  return collect<std::string>(database, query, max_bytes, [](const Statement& row) {
    return std::string(row.text(0));
  });
}

}  // namespace portwatch
