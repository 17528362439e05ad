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
    const Lock held(store->mutex_);
    store->note(opened, held);
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

std::size_t HistoryStore::room() const {
  const Lock lock(mutex_);
  // LiveBindings may exceed the bound.
  return options_.queue_rows - std::min(options_.queue_rows, held_rows_);
}

Result<void> HistoryStore::flush() {
  Lock lock(mutex_);
  // An attempt that has begun does not have the youngest rows.
  const std::uint64_t mine = attempts_begun_ + 1;
  flush_wanted_ = true;
  wake_.notify_one();
  if (!done_.wait_for(lock, options_.flush_wait,
                      [&] { return attempts_done_ >= mine; })) {
    return Error{Errc::timed_out, "the history is not written in time"};
  }
  return {};
}

template <class Answer, class Read>
Result<Answer> HistoryStore::read(Read read) {
  if (const auto flushed = flush(); !flushed) {
    return flushed.error();
  }
  const std::lock_guard reading(reading_);
  auto database = open_history_reader(options_.path);
  if (!database) {
    return add_context(database.error(), "history");
  }
  database->limit_time(options_.read_time);
  Result<Answer> answer = read(*database);
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

Result<std::vector<PastBinding>> HistoryStore::bindings(
    const HistoryQuestion& question) {
  return read<std::vector<PastBinding>>([&](Database& database) {
    return read_bindings(database, question, options_.read_bytes);
  });
}

Result<std::vector<std::string>> HistoryStore::events(
    std::span<const std::string_view> kinds, const HistoryQuestion& question) {
  return read<std::vector<std::string>>([&](Database& database) {
    return read_events(database, kinds, question, options_.read_bytes);
  });
}

HistoryStatus HistoryStore::status() const {
  const Lock lock(mutex_);
  return status_;
}

std::vector<HistoryNotice> HistoryStore::take_notices() {
  const Lock lock(mutex_);
  eventfd_t ignored = 0;
  eventfd_read(notice_fd_.get(), &ignored);
  return std::exchange(notices_, {});
}

}  // namespace portwatch
