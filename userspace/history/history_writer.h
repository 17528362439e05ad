// history_writer.h - rows into tables.
//
// Threads: one, the store's. What a row does is told in history_row.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "userspace/history/history_row.h"
#include "userspace/history/sqlite.h"

namespace portwatch {

class HistoryWriter {
 public:
  // Ends the open rows of earlier boots: the sockets went with their host, at some
  // time after its last sign of life.
  static Result<std::unique_ptr<HistoryWriter>> make(Database database,
                                                     const std::string& boot_id,
                                                     DocumentOf document_of);

  // All of them or none. After LiveBindings a write is a sign of life at `now`.
  Result<void> write(std::span<const HistoryRow> rows, WallTime now);
  // Without rows.
  Result<void> sign_of_life(WallTime now);

  // Deletes the oldest until no row ended before `oldest` and the pages in use are
  // below `max_bytes`, and gives space back to the system. A bounded piece of the
  // work a call; the rest is left to the next.
  Result<void> keep_limits(std::uint64_t max_bytes, WallTime oldest);

  std::uint64_t rows() const { return static_cast<std::uint64_t>(rows_); }
  std::int64_t run() const { return run_; }  // this life; 0: not begun yet

 private:
  struct Statements {
    Statement find;
    Statement take;
    Statement take_again;
    Statement end;
    Statement insert_ended;
    Statement event;
    Statement process_end;
    Statement open_rows;
    Statement lost_end;
    Statement life;
  };

  HistoryWriter(Database database, DocumentOf document_of)
      : database_(std::move(database)), document_of_(std::move(document_of)) {}
  Result<void> prepare();
  Result<void> begin_boot(const std::string& boot_id);
  Result<void> end_earlier_boots();

  Result<void> write_one(const BindingTaken& row, WallTime now);
  Result<void> write_one(const BindingReleased& row, WallTime now);
  Result<void> write_one(const PastEvent& row, WallTime now);
  Result<void> write_one(const ProcessEnded& row, WallTime now);
  Result<void> write_one(const LiveBindings& row, WallTime now);
  Result<void> begin_life(WallTime since, WallTime now);

  // The youngest row of that socket.
  struct Known {
    std::int64_t seq = 0;
    std::optional<std::int64_t> until;
    bool end_known = true;
  };
  Result<std::optional<Known>> find(const std::string& id);
  Result<std::int64_t> delete_oldest();
  Result<void> shrink(std::uint64_t max_bytes);

  Database database_;  // before the statements, which must go first
  const DocumentOf document_of_;
  std::optional<Statements> statements_;
  std::int64_t boot_ = 0;
  std::int64_t run_ = 0;  // 0: the daemon is not up yet
  std::int64_t rows_ = 0;
};

}  // namespace portwatch
