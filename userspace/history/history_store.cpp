#include "userspace/history/history_store.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "userspace/history/history_file.h"
#include "userspace/history/history_reader.h"
#include "userspace/history/history_writer.h"

namespace portwatch {
namespace {

constexpr std::size_t kRowsPerWake = 1000;
constexpr std::size_t kLargeRow = 8192;  // a creator has 4 KiB of arguments at most

// Its absence makes the answers wrong, not only shorter.
bool about_binding(const HistoryRow& row) {
  const auto* taken = std::get_if<BindingTaken>(&row);
  // What is announced again would be announced again for ever.
  return (taken != nullptr && !taken->existing) ||
         std::holds_alternative<BindingReleased>(row);
}

}  // namespace

Result<std::unique_ptr<HistoryStore>> HistoryStore::open(Options options,
                                                         const Clock& clock) {
  auto lock = lock_history(options.path);
  if (!lock) {
    return lock.error();
  }
  UniqueFd event(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!event.valid()) {
    return errno_error(errno, "eventfd");
  }
  // Private constructor: make_unique cannot.
  std::unique_ptr<HistoryStore> store(new HistoryStore(
      std::move(options), clock, std::move(*lock), std::move(event)));
  const auto opened = store->open_again();
  if (!opened && opened.error().code != Errc::overloaded) {
    return add_context(opened.error(), "history");
  }
  {
    const std::uint64_t bytes = store->bytes_on_disk();
    const Lock held(store->mutex_);
    store->note(opened, bytes, held);
  }
  try {
    store->thread_ = std::thread([raw = store.get()] { raw->work(); });
  } catch (const std::system_error& error) {
    return errno_error(error.code().value(), "history: start a thread");
  }
  return store;
}

HistoryStore::HistoryStore(Options options, const Clock& clock, UniqueFd lock,
                           UniqueFd event)
    : options_(std::move(options)),
      clock_(clock),
      lock_(std::move(lock)),
      notice_fd_(std::move(event)) {
  status_.enabled = true;
  status_.path = options_.path;
}

HistoryStore::~HistoryStore() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void HistoryStore::push(HistoryRow row) {
  const std::size_t size = size_of(row);
  const Lock lock(mutex_);
  const bool full = held_rows_ >= options_.queue_rows ||
                    held_bytes_ + size > options_.queue_bytes;
  if (full && !std::holds_alternative<LiveBindings>(row)) {
    ++status_.lost;
    gap_ = gap_ || about_binding(row);
  } else {
    ++held_rows_;
    held_bytes_ += size;
    queue_.push_back(std::move(row));
  }
  // A lost row wakes too: there may be space again.
  const bool first = !work_since_;
  if (first) {
    work_since_ = std::chrono::steady_clock::now();
  }
  if (first || queue_.size() == kRowsPerWake) {
    wake_.notify_one();
  }
}

bool HistoryStore::has_room(std::size_t rows) const {
  const Lock lock(mutex_);
  return held_rows_ + rows <= options_.queue_rows / 2 &&
         held_bytes_ + rows * kLargeRow <= options_.queue_bytes / 2;
}

// False: what was pushed last may not be written yet.
bool HistoryStore::flush() {
  Lock lock(mutex_);
  // An attempt that has begun does not have the youngest rows.
  const std::uint64_t mine = attempts_begun_ + 1;
  flush_wanted_ = true;
  wake_.notify_one();
  if (waited_in_vain_ == attempts_done_) {
    return false;
  }
  const bool done = done_.wait_for(lock, options_.flush_wait,
                                   [&] { return attempts_done_ >= mine; });
  waited_in_vain_ = done ? std::nullopt : std::optional(attempts_done_);
  return done;
}

// In the reading thread.
template <class Row, class Read>
Result<HistoryPage<Row>> HistoryStore::read_file(const Read& read) {
  const std::lock_guard reading(reading_);
  auto database = open_history_reader(options_.path);
  if (!database) {
    return add_context(database.error(), "history");
  }
  database->limit_time(options_.read_time);
  Result<HistoryPage<Row>> answer = read(*database);
  if (answer) {
    return answer;
  }
  if (answer.error().code == Errc::invalid) {
    const Lock lock(mutex_);
    damage_ = answer.error().context;
    flush_wanted_ = true;
    wake_.notify_one();
  }
  return add_context(answer.error(), "history");
}

template <class Row, class Read>
Result<HistoryPage<Row>> HistoryStore::read(const HistoryQuestion& question,
                                            Read read) {
  // Older pages are written already.
  const bool fresh = question.before || flush();
  // Not of this call: it may end before the reading does.
  const auto outcome = std::make_shared<std::optional<Result<HistoryPage<Row>>>>();
  const bool done =
      reader_.run([this, outcome, read] { outcome->emplace(read_file<Row>(read)); },
                  fresh ? options_.read_time * 2 : options_.stale_read_time);
  if (!done) {
    return Error{Errc::timed_out, "the disk does not answer in time"};
  }
  Result<HistoryPage<Row>> page = std::move(**outcome);
  if (page) {
    page->stale = !fresh;
  }
  return page;
}

Result<HistoryPage<PastBinding>> HistoryStore::bindings(
    const HistoryQuestion& question) {
  const auto find = [this, question](Database& database) {
    auto page = read_bindings(database, question,
                              {options_.page_rows, options_.page_bytes});
    if (!page || question.before) {
      return page;
    }
    std::int64_t run = 0;
    {
      const Lock lock(mutex_);
      run = run_;
    }
    auto not_seen = read_not_seen(database, question, run, clock_.wall_now());
    if (!not_seen) {
      return Result<HistoryPage<PastBinding>>(not_seen.error());
    }
    page->not_seen = std::move(*not_seen);
    return page;
  };
  return read<PastBinding>(question, find);
}

Result<HistoryPage<std::string>> HistoryStore::events(
    std::span<const std::string_view> kinds, const HistoryQuestion& question) {
  const std::vector<std::string> wanted(kinds.begin(), kinds.end());
  const auto find = [this, question, wanted](Database& database) {
    const std::vector<std::string_view> names(wanted.begin(), wanted.end());
    return read_events(database, names, question,
                       {options_.page_rows, options_.page_bytes});
  };
  return read<std::string>(question, find);
}

HistoryStatus HistoryStore::status() const {
  const Lock lock(mutex_);
  HistoryStatus status = status_;
  if (attempt_ &&
      std::chrono::steady_clock::now() - attempt_->began > options_.write_time) {
    status.error = "the disk does not answer since " + to_rfc3339(attempt_->time);
  }
  return status;
}

std::vector<HistoryNotice> HistoryStore::take_notices() {
  const Lock lock(mutex_);
  eventfd_t ignored = 0;
  eventfd_read(notice_fd_.get(), &ignored);
  return std::exchange(notices_, {});
}

}  // namespace portwatch
