// history_store.h - the past on disk: who held a port, what failed, what ended.
//
// Threads: all calls from one. One thread of the store's own reads, another writes:
// rows wait in a queue, a transaction begins 500 ms after the first of them or with
// the 1000th. A kill -9 therefore takes the last second at most; a power cut takes
// what the kernel had not written back, and leaves the file sound. Signals must be
// blocked before open(): the thread takes none.
//
// Trouble stays here. Rows that cannot be written now (the disk is full) wait; when
// the queue is full, further ones are lost, counted and told. A damaged file is set
// aside and begun anew, and so is one that was deleted. Every later row is an
// attempt to go on.
//
// Restart: what an earlier boot left open has ended with it. What this boot left
// open is compared with LiveBindings, which the daemon pushes when it is up; before
// that it gives no sign of life.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/base/unique_fd.h"
#include "userspace/history/history_row.h"
#include "userspace/history/read_thread.h"
#include "userspace/model/history.h"
#include "userspace/model/status.h"

namespace portwatch {

struct HistoryFile;
class HistoryWriter;

// Something that the administrator is to read.
struct HistoryNotice {
  std::string text;
  // The file does not know all that is held now: push every binding as `existing`,
  // then LiveBindings.
  bool announce = false;
};

class HistoryStore {
 public:
  struct Options {
    std::string path;        // its directory is there
    std::string boot_id;     // /proc/sys/kernel/random/boot_id
    DocumentOf document_of;  // called in the store's thread
    // Of the pages in use. The log (PATH-wal) comes on top: 4 MiB, at times more.
    std::uint64_t max_bytes = std::uint64_t{64} << 20;
    std::chrono::seconds max_age = std::chrono::hours(24 * 30);
    std::size_t queue_rows = 20'000;
    std::size_t queue_bytes = std::size_t{16} << 20;
    std::chrono::milliseconds flush_interval{500};
    std::chrono::milliseconds flush_wait{50};  // a reader, for the writer
    std::chrono::milliseconds read_time{200};
    // A reader that waited for the writer in vain, for the file: it may hang too.
    std::chrono::milliseconds stale_read_time{50};
    std::chrono::milliseconds write_time{3000};  // longer: the disk is in trouble
    // Of an answer; bytes are those of documents.
    std::size_t page_rows = kMaxPageRows;
    std::size_t page_bytes = std::size_t{256} << 10;  // some 10 ms of the loop
  };

  // The clock must outlive this and is read in the other thread too. A full disk is
  // no error here. Errors: busy: another store has the path; invalid: the file is
  // somebody else's database; not_found, not_permitted...: it cannot be made.
  static Result<std::unique_ptr<HistoryStore>> open(Options options,
                                                    const Clock& clock);
  // Writes what waits; that is the last sign of life.
  ~HistoryStore();
  HistoryStore(const HistoryStore&) = delete;
  HistoryStore& operator=(const HistoryStore&) = delete;

  // Never waits for the disk. Rows are written in this order. LiveBindings are not
  // subject to the bounds of the queue.
  void push(HistoryRow row);
  // For rows that can wait, as bindings that exist: so many fit, however large they
  // are, and leave half of the queue to news. The writer makes room within
  // flush_interval.
  bool has_room(std::size_t rows) const;

  // Bindings that overlap the question's time (both ends belong to it), or events
  // within it (no kinds: all); the youngest so many, a page at most, oldest first.
  // A binding whose `since` is not known begins when it was first seen. All that
  // was pushed before is in a first page, or was lost, unless the page is stale.
  // Takes flush_wait and twice read_time at most; when that was not enough, the
  // next ones do not wait until the disk has answered. Errors: timed_out; io and
  // others: it cannot be read.
  Result<HistoryPage<PastBinding>> bindings(const HistoryQuestion& question);
  Result<HistoryPage<std::string>> events(std::span<const std::string_view> kinds,
                                          const HistoryQuestion& question);

  HistoryStatus status() const;
  // Readable when there are notices; for epoll, still the store's.
  int notice_fd() const { return notice_fd_.get(); }
  std::vector<HistoryNotice> take_notices();

 private:
  using Instant = std::chrono::steady_clock::time_point;
  using Lock = std::unique_lock<std::mutex>;

  HistoryStore(Options options, const Clock& clock, UniqueFd lock, UniqueFd event);
  bool flush();
  template <class Row, class Read>
  Result<HistoryPage<Row>> read(const HistoryQuestion& question, Read read);
  template <class Row, class Read>
  Result<HistoryPage<Row>> read_file(const Read& read);

  // The thread's side: history_thread.cpp.
  void work();
  void wait_for_work(Lock& lock);
  void take_queue(const Lock& lock);
  void merge_pending();
  Result<void> attempt(const std::string& damage, bool last);
  Result<void> write_pending();
  Result<void> repaired(const std::function<Result<void>()>& step);
  Result<void> open_again();
  Result<void> begin_anew(const std::string& why);
  Result<void> adopt(Result<HistoryFile> file);
  bool file_went_away() const;
  void written(std::size_t rows, bool lost);
  void note(const Result<void>& attempt, std::uint64_t bytes, const Lock& lock);
  std::uint64_t bytes_on_disk() const;
  void notify(HistoryNotice notice, const Lock& lock);

  const Options options_;
  const Clock& clock_;
  const UniqueFd lock_;  // of the path
  const UniqueFd notice_fd_;

  // Held while a reader has the file open, and to put another in its place: SQLite
  // deletes the log by its name when a file is closed.
  std::mutex reading_;

  mutable std::mutex mutex_;  // for what is below, up to the thread's own
  std::condition_variable wake_;
  std::condition_variable done_;
  std::vector<HistoryRow> queue_;
  std::size_t held_rows_ = 0;  // in queue_ and pending_
  std::size_t held_bytes_ = 0;
  std::optional<Instant> work_since_;
  bool flush_wanted_ = false;
  bool stopping_ = false;
  std::string damage_;  // that a reader met
  std::uint64_t attempts_begun_ = 0;
  std::uint64_t attempts_done_ = 0;
  // So many were done when a reader waited in vain.
  std::optional<std::uint64_t> waited_in_vain_;
  struct Attempt {
    Instant began{};
    WallTime time{};
  };
  std::optional<Attempt> attempt_;  // that is going on
  std::int64_t run_ = 0;            // as HistoryWriter::run()
  HistoryStatus status_;
  // Rows about bindings were lost: the next good attempt tells, but not more often
  // than every ten seconds.
  bool gap_ = false;
  Instant next_announcement_{};
  std::vector<HistoryNotice> notices_;

  // The thread's own.
  std::unique_ptr<HistoryWriter> writer_;  // none: the file is not open
  std::vector<HistoryRow> pending_;
  // Device and number of the file; empty: it was never open.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> inode_;

  // Last: they use all the others.
  std::thread thread_;
  ReadThread reader_;
};

}  // namespace portwatch
