// history_file.h - the file of the history: locked, of our shape, or begun anew.
//
// Format: SQLite 3 in WAL mode, application_id "pwhi", user_version the version of
// the shape (history_file.cpp tells it). Mode 0600: command lines of all users are
// in it.
#pragma once

#include <optional>
#include <string>

#include "userspace/base/unique_fd.h"
#include "userspace/history/sqlite.h"

namespace portwatch {

// Keeps other stores away from `path` for as long as the descriptor lives: a lock
// (flock(2)) on PATH.lock. Errors: busy; those of open(2).
Result<UniqueFd> lock_history(const std::string& path);

struct HistoryFile {
  Database database;
  bool is_new = false;  // nothing is in it
  // A sentence when what was there is of no use: where it is now, and why.
  std::optional<std::string> set_aside;
};
// Opens or makes it. A damaged database becomes PATH.damaged-TIME, one of a newer
// version PATH.newer-TIME; the youngest three of each are kept. Errors: invalid
// (something else, or a database of somebody else: not touched); those of sqlite.h.
Result<HistoryFile> open_history(const std::string& path, WallTime now);

// The same for a file that turned out to be damaged. Nobody may have it open.
Result<HistoryFile> begin_history_anew(const std::string& path, WallTime now,
                                       const std::string& why);

// For reading, beside the one that writes.
Result<Database> open_history_reader(const std::string& path);

}  // namespace portwatch
