#include "userspace/history/history_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

namespace portwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kApplication = 0x70776869;  // "pwhi"
constexpr std::int64_t kVersion = 1;
constexpr std::chrono::milliseconds kWriterPatience{1000};
constexpr std::chrono::milliseconds kReaderPatience{100};
constexpr std::size_t kSetAsideKept = 3;

// auto_vacuum only has an effect before the first table is there. The log is cut
// back to 4 MiB after bursts.
constexpr const char* kSettings =
    "PRAGMA auto_vacuum=INCREMENTAL;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=NORMAL;"
    "PRAGMA journal_size_limit=4194304;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA cache_size=-1024;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA trusted_schema=OFF;";

// Times are microseconds since the epoch. `began` is `since`, or when the binding
// was first seen. The life of a run begins when its daemon is up: what a daemon
// that fails at the start leaves is no sign of life.
constexpr const char* kSchema = R"(
CREATE TABLE boot (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE life (run INTEGER PRIMARY KEY, boot INTEGER NOT NULL,
  started INTEGER NOT NULL, last_seen INTEGER NOT NULL);
CREATE TABLE binding (seq INTEGER PRIMARY KEY, boot INTEGER NOT NULL,
  id TEXT NOT NULL, protocol TEXT NOT NULL, address TEXT NOT NULL,
  port INTEGER NOT NULL, netns INTEGER NOT NULL, netns_cookie INTEGER,
  since INTEGER, began INTEGER NOT NULL, until INTEGER,
  end_known INTEGER NOT NULL DEFAULT 1, document TEXT NOT NULL);
CREATE INDEX binding_id ON binding (boot, id);
CREATE INDEX binding_open ON binding (boot) WHERE until IS NULL;
CREATE INDEX binding_until ON binding (until) WHERE until IS NOT NULL;
CREATE INDEX binding_time ON binding (began, until);
CREATE INDEX binding_port ON binding (port, began, until);
CREATE TABLE event (seq INTEGER PRIMARY KEY, boot INTEGER NOT NULL,
  kind TEXT NOT NULL, time INTEGER NOT NULL, protocol TEXT, port INTEGER,
  netns INTEGER, subject TEXT NOT NULL DEFAULT '', pid INTEGER,
  start_ticks INTEGER, status TEXT, document TEXT NOT NULL);
CREATE INDEX event_time ON event (time, kind);
CREATE INDEX event_port ON event (port, time, kind);
PRAGMA application_id=0x70776869;
PRAGMA user_version=1;
)";

// Came later; an older portwatch keeps it without knowing.
constexpr const char* kLaterIndex =
    "CREATE INDEX IF NOT EXISTS event_pid ON event (pid, time)"
    " WHERE pid IS NOT NULL";

// Made before SQLite does, which would let everybody read it; the log gets the mode
// of the file.
Result<void> make_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid()) {
    return errno_error(errno, "open " + path);
  }
  return {};
}

enum class Shape { ours, empty, newer, foreign };

Result<Shape> shape_of(Database& database) {
  const auto version = database.integer("PRAGMA user_version");
  if (!version) {
    return version.error();
  }
  const auto application = database.integer("PRAGMA application_id");
  const auto tables = database.integer("SELECT count(*) FROM sqlite_master");
  if (!application || !tables) {
    return application ? tables.error() : application.error();
  }
  if (*tables == 0 && *application == 0) {
    return Shape::empty;
  }
  if (*application != kApplication) {
    return Shape::foreign;
  }
  return *version == kVersion ? Shape::ours : Shape::newer;
}

Result<void> make_tables(Database& database) {
  auto transaction = Transaction::begin(database);
  if (!transaction) {
    return transaction.error();
  }
  if (const auto made = database.run(kSchema); !made) {
    return made.error();
  }
  return transaction->commit();
}

// Errc::invalid: damaged. Shape newer and foreign: closed again, untouched.
struct Opened {
  Shape shape = Shape::ours;
  std::optional<Database> database;
};
Result<Opened> try_to_open(const std::string& path) {
  if (const auto made = make_file(path); !made) {
    return made.error();
  }
  auto database =
      Database::open(path, Database::Access::read_write, kWriterPatience);
  if (!database) {
    return database.error();
  }
  const auto shape = shape_of(*database);
  if (!shape) {
    return shape.error();
  }
  if (*shape == Shape::newer || *shape == Shape::foreign) {
    return Opened{*shape, std::nullopt};
  }
  if (const auto set = database->run(kSettings); !set) {
    return set.error();
  }
  if (*shape == Shape::empty) {
    if (const auto made = make_tables(*database); !made) {
      return made.error();
    }
  }
  if (const auto indexed = database->run(kLaterIndex); !indexed) {
    return indexed.error();
  }
  return Opened{*shape, std::move(*database)};
}

// True of an empty file too. Only what a history may once have been is set aside:
// the path may be a slip of the pen.
bool was_database(const std::string& path) {
  constexpr std::string_view kHeader("SQLite format 3\0", 16);  // fileformat2.html
  char begin[kHeader.size()];
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const auto count = read(file.get(), begin, sizeof begin);
  return count == 0 ||
         (count > 0 &&
          std::string_view(begin, static_cast<std::size_t>(count)) == kHeader);
}

// Those of the kind `prefix` (a path), oldest first: the time is in the name.
void drop_older(const std::string& prefix) {
  std::vector<std::string> kept;
  std::error_code ignored;
  for (const auto& entry :
       fs::directory_iterator(fs::path(prefix).parent_path(), ignored)) {
    const std::string path = entry.path().string();
    if (path.starts_with(prefix) && !path.ends_with("-wal")) {
      kept.push_back(path);
    }
  }
  std::sort(kept.begin(), kept.end());
  for (std::size_t i = 0; i + kSetAsideKept < kept.size(); ++i) {
    fs::remove(kept[i], ignored);
    fs::remove(kept[i] + "-wal", ignored);
  }
}

// Returns where it is now. The log goes along: it is a part of the file.
Result<std::string> set_aside(const std::string& path, const std::string& kind,
                              WallTime now) {
  const std::string prefix = path + "." + kind + "-";
  std::string time = to_rfc3339(now);
  time.erase(std::remove(time.begin(), time.end(), ':'), time.end());
  const std::string target = prefix + time;
  std::error_code error;
  fs::rename(path, target, error);
  if (error) {
    return errno_error(error.value(), "rename " + path);
  }
  fs::rename(path + "-wal", target + "-wal", error);  // most often there is none
  fs::remove(path + "-shm", error);
  drop_older(prefix);
  return target;
}

Result<HistoryFile> begin_anew(const std::string& path, const std::string& kind,
                               WallTime now, const std::string& why) {
  if (!was_database(path)) {
    return Error{Errc::invalid,
                 path +
                     ": no history of portwatch, and no database; it is left "
                     "alone: move it away, or change history.path"};
  }
  const auto target = set_aside(path, kind, now);
  if (!target) {
    return add_context(target.error(), why);
  }
  auto opened = try_to_open(path);
  if (!opened) {
    return opened.error();
  }
  if (!opened->database) {
    return Error{Errc::busy, path + ": another program has just written it"};
  }
  return HistoryFile{
      std::move(*opened->database), true,
      "the history begins anew: " + why + "; what was there is " + *target};
}

}  // namespace

Result<UniqueFd> lock_history(const std::string& path) {
  const std::string name = path + ".lock";
  UniqueFd lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) {
    return errno_error(errno, "open " + name);
  }
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK
               ? Error{Errc::busy, path + ": another daemon writes this history"}
               : errno_error(errno, "lock " + name);
  }
  return lock;
}

Result<HistoryFile> open_history(const std::string& path, WallTime now) {
  auto opened = try_to_open(path);
  if (!opened && opened.error().code == Errc::invalid) {
    return begin_anew(path, "damaged", now,
                      "the file is damaged (" + opened.error().context + ")");
  }
  if (!opened) {
    return opened.error();
  }
  if (opened->shape == Shape::foreign) {
    return Error{
        Errc::invalid,
        path +
            ": a database, but no history of portwatch; it is left alone: move it "
            "away, or change history.path"};
  }
  if (opened->shape == Shape::newer) {
    return begin_anew(path, "newer", now, "the file is of a newer portwatch");
  }
  return HistoryFile{std::move(*opened->database), opened->shape == Shape::empty,
                     std::nullopt};
}

Result<HistoryFile> begin_history_anew(const std::string& path, WallTime now,
                                       const std::string& why) {
  return begin_anew(path, "damaged", now, "the file is damaged (" + why + ")");
}

Result<Database> open_history_reader(const std::string& path) {
  return Database::open(path, Database::Access::read_only, kReaderPatience);
}

}  // namespace portwatch
