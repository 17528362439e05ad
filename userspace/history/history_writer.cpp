#include "userspace/history/history_writer.h"

#include <unordered_set>
#include <utility>
#include <vector>

namespace portwatch {
namespace {

SqlValue maybe_cookie(const std::optional<std::uint64_t>& cookie) {
  return cookie ? SqlValue(static_cast<std::int64_t>(*cookie)) : SqlValue(nullptr);
}

constexpr std::string_view kFind =
    "SELECT seq, until, end_known FROM binding WHERE boot=? AND id=?"
    " ORDER BY seq DESC LIMIT 1";
constexpr std::string_view kTake =
    "INSERT INTO binding (boot, id, protocol, address, port, netns, netns_cookie,"
    " since, began, document) VALUES (?,?,?,?,?,?,?,?,?,?)";
// An end that was only assumed is taken back. A document of NULL: the old one
// stands.
constexpr std::string_view kTakeAgain =
    "UPDATE binding SET until=NULL, end_known=1, since=coalesce(since,?),"
    " document=coalesce(?,document) WHERE seq=?";
constexpr std::string_view kEnd =
    "UPDATE binding SET until=?, end_known=1, since=coalesce(since,?),"
    " document=coalesce(?,document) WHERE seq=?";
constexpr std::string_view kInsertEnded =
    "INSERT INTO binding (boot, id, protocol, address, port, netns, netns_cookie,"
    " since, began, until, document) VALUES (?,?,?,?,?,?,?,?,?,?,?)";
constexpr std::string_view kEvent =
    "INSERT INTO event (boot, kind, time, protocol, port, netns, subject, document)"
    " VALUES (?,?,?,?,?,?,?,?)";
constexpr std::string_view kProcessEnd =
    "INSERT INTO event (boot, kind, time, pid, start_ticks, status, document)"
    " VALUES (?,?,?,?,?,?,?)";
constexpr std::string_view kOpenRows =
    "SELECT seq, id FROM binding WHERE boot=? AND until IS NULL";
constexpr std::string_view kLostEnd =
    "UPDATE binding SET until=max(began,?), end_known=0 WHERE seq=?";
constexpr std::string_view kLife = "UPDATE life SET last_seen=? WHERE run=?";

}  // namespace

Result<std::unique_ptr<HistoryWriter>> HistoryWriter::make(
    Database database, const std::string& boot_id, DocumentOf document_of) {
  // Private constructor: make_unique cannot.
  std::unique_ptr<HistoryWriter> writer(
      new HistoryWriter(std::move(database), std::move(document_of)));
  if (const auto begun = writer->begin_boot(boot_id); !begun) {
    return begun.error();
  }
  if (const auto prepared = writer->prepare(); !prepared) {
    return prepared.error();
  }
  const auto rows = writer->database_.integer(
      "SELECT (SELECT count(*) FROM binding) + (SELECT count(*) FROM event)");
  if (!rows) {
    return rows.error();
  }
  writer->rows_ = *rows;
  return writer;
}

Result<void> HistoryWriter::prepare() {
  std::vector<Statement> made;
  for (const std::string_view sql :
       {kFind, kTake, kTakeAgain, kEnd, kInsertEnded, kEvent, kProcessEnd,
        kOpenRows, kLostEnd, kLife}) {
    auto statement = database_.prepare(sql);
    if (!statement) {
      return statement.error();
    }
    made.push_back(std::move(*statement));
  }
  statements_.emplace(Statements{std::move(made[0]), std::move(made[1]),
                                 std::move(made[2]), std::move(made[3]),
                                 std::move(made[4]), std::move(made[5]),
                                 std::move(made[6]), std::move(made[7]),
                                 std::move(made[8]), std::move(made[9])});
  return {};
}

Result<void> HistoryWriter::begin_boot(const std::string& boot_id) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) {
    return transaction.error();
  }
  auto insert = database_.prepare("INSERT OR IGNORE INTO boot (id) VALUES (?)");
  auto find = database_.prepare("SELECT number FROM boot WHERE id=?");
  if (!insert || !find) {
    return insert ? find.error() : insert.error();
  }
  if (const auto inserted = insert->run({boot_id}); !inserted) {
    return inserted.error();
  }
  const SqlValue id = boot_id;
  find->ask({&id, 1});
  if (const auto row = find->step(); !row) {
    return row.error();
  }
  boot_ = find->integer(0);
  find->ask({&id, 1});  // begun anew: it would keep the commit waiting
  if (const auto ended = end_earlier_boots(); !ended) {
    return ended.error();
  }
  return transaction->commit();
}

Result<void> HistoryWriter::end_earlier_boots() {
  auto end = database_.prepare(
      "UPDATE binding SET end_known=0, until=max(began, coalesce("
      " (SELECT max(last_seen) FROM life WHERE life.boot=binding.boot), 0))"
      " WHERE until IS NULL AND boot<>?");
  return end ? end->run({boot_}) : end.error();
}

Result<void> HistoryWriter::write(std::span<const HistoryRow> rows, WallTime now) {
  const auto state = std::pair(rows_, run_);
  const auto fail = [&](const Error& error) {
    std::tie(rows_, run_) = state;  // rolled back, as the tables are
    return error;
  };
  auto transaction = Transaction::begin(database_);
  if (!transaction) {
    return transaction.error();
  }
  for (const HistoryRow& row : rows) {
    const auto written =
        std::visit([&](const auto& one) { return write_one(one, now); }, row);
    if (!written) {
      return fail(written.error());
    }
  }
  if (run_ != 0) {
    if (auto alive = statements_->life.run({sql_value(now), run_}); !alive) {
      return fail(alive.error());
    }
  }
  if (const auto committed = transaction->commit(); !committed) {
    return fail(committed.error());
  }
  return {};
}

Result<void> HistoryWriter::sign_of_life(WallTime now) {
  return run_ == 0 ? Result<void>() : statements_->life.run({sql_value(now), run_});
}

Result<std::optional<HistoryWriter::Known>> HistoryWriter::find(
    const std::string& id) {
  const SqlValue key[] = {boot_, id};
  Statement& query = statements_->find;
  query.ask(key);
  const auto row = query.step();
  if (!row) {
    return row.error();
  }
  std::optional<Known> known;
  if (*row) {
    known = Known{query.integer(0), query.maybe_integer(1), query.integer(2) != 0};
  }
  query.ask(key);  // lets go of the row
  return known;
}

Result<void> HistoryWriter::write_one(const BindingTaken& row, WallTime) {
  const auto known = find(row.binding.id);
  if (!known) {
    return known.error();
  }
  const Binding& binding = row.binding;
  const bool open =
      *known && (!(*known)->until || (row.existing && !(*known)->end_known));
  if (open) {
    return statements_->take_again.run(
        {sql_value(binding.since),
         row.existing ? SqlValue(nullptr) : SqlValue(document_of_(binding)),
         (*known)->seq});
  }
  ++rows_;
  const Endpoint& at = binding.endpoint;
  return statements_->take.run(
      {boot_, binding.id, to_string(at.protocol), address_text(at),
       std::int64_t{at.port}, std::int64_t{binding.netns},
       maybe_cookie(binding.netns_cookie), sql_value(binding.since),
       sql_value(binding.since.value_or(row.seen)), document_of_(binding)});
}

Result<void> HistoryWriter::write_one(const BindingReleased& row, WallTime) {
  const auto known = find(row.binding.id);
  if (!known) {
    return known.error();
  }
  const Binding& binding = row.binding;
  const auto until = row.until.time_since_epoch().count();
  const bool open = *known && !(*known)->until;
  if (open || (*known && !(*known)->end_known && !row.taken)) {
    return statements_->end.run(
        {until, sql_value(binding.since),
         row.taken ? SqlValue(document_of_(binding)) : SqlValue(nullptr),
         (*known)->seq});
  }
  if (*known && (*known)->until == until && !row.taken) {
    return {};  // told twice
  }
  ++rows_;
  const Endpoint& at = binding.endpoint;
  return statements_->insert_ended.run(
      {boot_, binding.id, to_string(at.protocol), address_text(at),
       std::int64_t{at.port}, std::int64_t{binding.netns},
       maybe_cookie(binding.netns_cookie), sql_value(binding.since),
       sql_value(binding.since.value_or(row.until)), until, document_of_(binding)});
}

Result<void> HistoryWriter::write_one(const PastEvent& row, WallTime) {
  ++rows_;
  const auto none = SqlValue(nullptr);
  return statements_->event.run(
      {boot_, row.kind, sql_value(row.time),
       row.protocol ? SqlValue(to_string(*row.protocol)) : none,
       row.port != 0 ? SqlValue(std::int64_t{row.port}) : none,
       row.netns ? SqlValue(std::int64_t{*row.netns}) : none, row.subject,
       row.document});
}

Result<void> HistoryWriter::write_one(const ProcessEnded& row, WallTime) {
  ++rows_;
  const std::string status = row.status ? to_string(*row.status) : std::string();
  return statements_->process_end.run(
      {boot_, kProcessEndKind, sql_value(row.time), std::int64_t{row.process.pid},
       static_cast<std::int64_t>(row.process.start_ticks),
       row.status ? SqlValue(status) : SqlValue(nullptr), row.document});
}

Result<void> HistoryWriter::write_one(const LiveBindings& row, WallTime now) {
  const std::unordered_set<std::string_view> live(row.ids.begin(), row.ids.end());
  std::vector<std::int64_t> ended;
  const SqlValue boot = boot_;
  Statement& open = statements_->open_rows;
  open.ask({&boot, 1});
  for (;;) {
    const auto found = open.step();
    if (!found) {
      return found.error();
    }
    if (!*found) {
      break;
    }
    if (!live.contains(open.text(1))) {
      ended.push_back(open.integer(0));
    }
  }
  for (const std::int64_t seq : ended) {
    if (auto done = statements_->lost_end.run({sql_value(now), seq}); !done) {
      return done;
    }
  }
  return run_ == 0 ? begin_life(row.since.value_or(now), now) : Result<void>();
}

Result<void> HistoryWriter::begin_life(WallTime since, WallTime now) {
  auto begin = database_.prepare(
      "INSERT INTO life (boot, started, last_seen) VALUES (?,?,?)");
  if (!begin) {
    return begin.error();
  }
  const auto begun = begin->run({boot_, sql_value(since), sql_value(now)});
  if (begun) {
    run_ = database_.last_insert();
  }
  return begun;
}

}  // namespace portwatch
