#include "userspace/history/sqlite.h"

#include <sqlite3.h>

#include <utility>

namespace portwatch {
namespace {

// Instructions of SQLite's machine between two looks at the clock: well below a
// millisecond.
constexpr int kStepsPerLook = 1000;

Errc sqlite_errc(int code) {
  if (code == SQLITE_IOERR_SHMSIZE) {  // no space for the index of the log
    return Errc::overloaded;
  }
  switch (code & 0xff) {  // the primary one
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Errc::invalid;
    case SQLITE_FULL:
      return Errc::overloaded;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Errc::busy;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return Errc::not_permitted;
    case SQLITE_INTERRUPT:
      return Errc::timed_out;
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
      return Errc::io;
    default:
      return Errc::not_supported;
  }
}

Error sqlite_error(sqlite3* database) {
  return {sqlite_errc(sqlite3_extended_errcode(database)),
          sqlite3_errmsg(database)};
}

int bind_value(sqlite3_stmt* statement, int place, const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, place, *number);
  }
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    // A null pointer would be NULL.
    return sqlite3_bind_text64(statement, place,
                               text->data() == nullptr ? "" : text->data(),
                               text->size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  return sqlite3_bind_null(statement, place);
}

}  // namespace

SqlValue sql_value(WallTime time) {
  return std::int64_t{time.time_since_epoch().count()};
}

SqlValue sql_value(const std::optional<WallTime>& time) {
  return time ? sql_value(*time) : SqlValue(nullptr);
}

WallTime wall_time(std::int64_t microseconds) {
  return WallTime(std::chrono::microseconds(microseconds));
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::ask(std::span<const SqlValue> values) {
  sqlite3_reset(statement_.get());  // repeats the error of an earlier step
  bind_error_ = SQLITE_OK;
  int place = 0;
  for (const SqlValue& value : values) {
    const int code = bind_value(statement_.get(), ++place, value);
    bind_error_ = bind_error_ == SQLITE_OK ? code : bind_error_;
  }
}

Result<bool> Statement::step() {
  if (bind_error_ != SQLITE_OK) {
    return Error{sqlite_errc(bind_error_), sqlite3_errstr(bind_error_)};
  }
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default: {
      // A statement that failed would go on to hold its locks.
      Error error = sqlite_error(sqlite3_db_handle(statement_.get()));
      sqlite3_reset(statement_.get());
      return error;
    }
  }
}

Result<void> Statement::run(std::initializer_list<SqlValue> values) {
  ask({values.begin(), values.size()});
  for (;;) {
    const auto row = step();
    if (!row) {
      return row.error();
    }
    if (!*row) {
      sqlite3_reset(statement_.get());
      return {};
    }
  }
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::optional<std::int64_t> Statement::maybe_integer(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) {
    return std::nullopt;
  }
  return integer(column);
}

std::string_view Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (bytes == nullptr) {
    return {};
  }
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Result<Database> Database::open(const std::string& path, Access access,
                                std::chrono::milliseconds patience) {
  sqlite3* raw = nullptr;
  const int flags =
      access == Access::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int code =
      sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(raw);  // there is one to be closed even when it failed
  if (raw == nullptr) {
    return Error{Errc::io, path + ": out of memory"};
  }
  if (code != SQLITE_OK) {
    return add_context(sqlite_error(raw), path);
  }
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, static_cast<int>(patience.count()));
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v2(database_.get(), sql.data(),
                                      static_cast<int>(sql.size()), &raw, nullptr);
  if (code != SQLITE_OK) {
    return sqlite_error(database_.get());
  }
  return Statement(raw);
}

Result<void> Database::run(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return sqlite_error(database_.get());
  }
  return {};
}

Result<std::int64_t> Database::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) {
    return statement.error();
  }
  const auto row = statement->step();
  if (!row) {
    return row.error();
  }
  return *row ? statement->integer(0) : 0;
}

Result<std::string> Database::text(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) {
    return statement.error();
  }
  const auto row = statement->step();
  if (!row) {
    return row.error();
  }
  return *row ? std::string(statement->text(0)) : std::string();
}

std::int64_t Database::changes() const { return sqlite3_changes(database_.get()); }

std::int64_t Database::last_insert() const {
  return sqlite3_last_insert_rowid(database_.get());
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(database_.get()) == 0;
}

int Database::is_late(void* deadline) {
  return std::chrono::steady_clock::now() > *static_cast<Deadline*>(deadline) ? 1
                                                                              : 0;
}

void Database::limit_time(std::chrono::milliseconds time) {
  deadline_ = std::make_unique<Deadline>(std::chrono::steady_clock::now() + time);
  sqlite3_progress_handler(database_.get(), kStepsPerLook, is_late,
                           deadline_.get());
}

Result<Transaction> Transaction::begin(Database& database) {
  // At once for writing: a lock that comes later could be refused half-way.
  if (const auto begun = database.run("BEGIN IMMEDIATE"); !begun) {
    return begun.error();
  }
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // After some errors SQLite has rolled back on its own.
  if (database_ != nullptr && database_->in_transaction()) {
    (void)database_->run("ROLLBACK");
  }
}

Result<void> Transaction::commit() { return database_->run("COMMIT"); }

}  // namespace portwatch
