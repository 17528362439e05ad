// sqlite.h - the part of SQLite's C interface that the history needs, owned.
//
// Threads: a Database and its Statements belong to one thread at a time; nothing
// here takes a lock. Statements go before their Database.
//
// Errors, from SQLite's result codes (sqlite.org/rescode.html): invalid: the file
// is damaged or no database; overloaded: no space; busy: another program has it
// locked; not_permitted: it cannot be opened or written; timed_out: limit_time();
// io: the disk; not_supported: all else, which the same words will meet again.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace portwatch {

// NULL, INTEGER or TEXT. Text is not copied: it must live until the last step.
using SqlValue = std::variant<std::nullptr_t, std::int64_t, std::string_view>;

SqlValue sql_value(WallTime time);  // microseconds since the epoch
SqlValue sql_value(const std::optional<WallTime>& time);
WallTime wall_time(std::int64_t microseconds);

class Statement {
 public:
  // Values for the '?', in their order; begins anew.
  void ask(std::span<const SqlValue> values);
  // True: there is a row. False: it is done.
  Result<bool> step();
  // ask() and step() to the end.
  Result<void> run(std::initializer_list<SqlValue> values);
  // Of the row that step() found; columns from 0.
  std::int64_t integer(int column) const;  // 0 for NULL
  std::optional<std::int64_t> maybe_integer(int column) const;
  std::string_view text(int column) const;  // until the next step

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_error_ = 0;
};

class Database {
 public:
  enum class Access { read_write, read_only };
  // The file must be there. Waits up to `patience` for locks of other programs.
  static Result<Database> open(const std::string& path, Access access,
                               std::chrono::milliseconds patience);

  Result<Statement> prepare(std::string_view sql);
  Result<void> run(const char* sql);  // one or more, without values
  // The first column of the first row.
  Result<std::int64_t> integer(std::string_view sql);
  Result<std::string> text(std::string_view sql);
  std::int64_t changes() const;      // rows of the last INSERT, UPDATE, DELETE
  std::int64_t last_insert() const;  // its row number
  bool in_transaction() const;
  // From now on, everything together. Error then: timed_out.
  void limit_time(std::chrono::milliseconds time);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  using Deadline = std::chrono::steady_clock::time_point;
  explicit Database(sqlite3* database) : database_(database) {}
  static int is_late(void* deadline);

  std::unique_ptr<Deadline> deadline_;
  std::unique_ptr<sqlite3, Close> database_;
};

// Rolled back when it goes, unless it was committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace portwatch
