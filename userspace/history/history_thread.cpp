// The writing thread of HistoryStore.
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "userspace/history/history_file.h"
#include "userspace/history/history_store.h"
#include "userspace/history/history_writer.h"
#include "userspace/history/merge_lives.h"

namespace portwatch {
namespace {

constexpr std::size_t kRowsPerTransaction = 1000;
constexpr std::size_t kNoticesKept = 16;
constexpr std::chrono::seconds kBetweenAnnouncements{10};

std::uint64_t size_on_disk(const std::string& path) {
  struct stat file {};
  return stat(path.c_str(), &file) == 0 ? static_cast<std::uint64_t>(file.st_size)
                                        : 0;
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> inode_of(
    const std::string& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) {
    return std::nullopt;
  }
  return std::pair<std::uint64_t, std::uint64_t>(file.st_dev, file.st_ino);
}

}  // namespace

void HistoryStore::work() {
  Lock lock(mutex_);
  for (bool last = false; !last;) {
    wait_for_work(lock);
    last = stopping_;
    work_since_.reset();
    flush_wanted_ = false;
    take_queue(lock);
    const std::string damage = std::exchange(damage_, {});
    ++attempts_begun_;
    attempt_ = Attempt{std::chrono::steady_clock::now(), clock_.wall_now()};
    lock.unlock();
    merge_pending();
    const auto attempted = attempt(damage, last);
    const std::uint64_t bytes = bytes_on_disk();
    lock.lock();
    attempt_.reset();
    note(attempted, bytes, lock);
    attempts_done_ = attempts_begun_;
    done_.notify_all();
  }
}

void HistoryStore::take_queue(const Lock&) {
  if (pending_.empty()) {  // as always; but what could not be written goes first
    pending_.swap(queue_);
  } else {
    std::move(queue_.begin(), queue_.end(), std::back_inserter(pending_));
    queue_ = {};
  }
}

void HistoryStore::merge_pending() {
  const Freed freed = merge_lives(pending_);
  const Lock lock(mutex_);
  held_rows_ -= freed.rows;
  held_bytes_ -= freed.bytes;
}

void HistoryStore::wait_for_work(Lock& lock) {
  const auto urgent = [this] { return stopping_ || flush_wanted_; };
  const auto any = [&] { return urgent() || work_since_; };
  const bool failing = !status_.error.empty();
  if (gap_ && !failing) {
    wake_.wait_until(lock, next_announcement_, any);
  } else {
    wake_.wait(lock, any);
  }
  if (work_since_) {  // together with what follows it
    wake_.wait_until(lock, *work_since_ + options_.flush_interval, [&] {
      return urgent() || (!failing && queue_.size() >= kRowsPerTransaction);
    });
  }
}

Result<void> HistoryStore::attempt(const std::string& damage, bool last) {
  if (!damage.empty() && writer_ != nullptr) {
    if (const auto begun = begin_anew(damage); !begun) {
      return begun;
    }
  }
  if (writer_ == nullptr || file_went_away()) {
    if (const auto opened = open_again(); !opened) {
      return opened;
    }
  }
  if (const auto written = write_pending(); !written) {
    return written;
  }
  if (last) {
    return writer_->sign_of_life(clock_.wall_now());
  }
  return repaired([this] {
    return writer_->keep_limits(options_.max_bytes,
                                clock_.wall_now() - options_.max_age);
  });
}

Result<void> HistoryStore::write_pending() {
  Result<void> outcome;
  while (!pending_.empty()) {
    const std::size_t count = std::min(pending_.size(), kRowsPerTransaction);
    const auto done = repaired([&] {
      return writer_->write({pending_.data(), count}, clock_.wall_now());
    });
    // What can never be written must not stand in the way of the others.
    const bool hopeless = !done && done.error().code == Errc::not_supported;
    if (!done && !hopeless) {
      return done;
    }
    if (hopeless) {
      outcome = done;
    }
    written(count, hopeless);
  }
  pending_.shrink_to_fit();  // what a burst took
  return outcome;
}

// Runs a step, and once more on a new file when this one turns out to be damaged.
Result<void> HistoryStore::repaired(const std::function<Result<void>()>& step) {
  const auto done = step();
  if (done || done.error().code != Errc::invalid) {
    return done;
  }
  if (const auto begun = begin_anew(done.error().context); !begun) {
    return begun;
  }
  return step();
}

Result<void> HistoryStore::begin_anew(const std::string& why) {
  const std::lock_guard reading(reading_);
  writer_.reset();
  return adopt(begin_history_anew(options_.path, clock_.wall_now(), why));
}

Result<void> HistoryStore::open_again() {
  Result<void> adopted;
  {
    const std::lock_guard reading(reading_);
    writer_.reset();
    auto file = open_history(options_.path, clock_.wall_now());
    if (!file) {
      return file.error();
    }
    adopted = adopt(std::move(file));
  }
  if (!adopted && adopted.error().code == Errc::invalid) {
    return begin_anew(adopted.error().context);
  }
  return adopted;
}

Result<void> HistoryStore::adopt(Result<HistoryFile> file) {
  if (!file) {
    return file.error();
  }
  auto writer = HistoryWriter::make(std::move(file->database), options_.boot_id,
                                    options_.document_of);
  if (!writer) {
    return writer.error();
  }
  writer_ = std::move(*writer);
  const bool another = inode_ && file->is_new;
  inode_ = inode_of(options_.path);
  const Lock lock(mutex_);
  damage_.clear();  // was about the other one
  if (file->set_aside) {
    notify({*file->set_aside, true}, lock);
  } else if (another) {
    notify({"the file of the history went away; it begins anew", true}, lock);
  }
  return {};
}

bool HistoryStore::file_went_away() const {
  return inode_of(options_.path) != inode_;
}

void HistoryStore::written(std::size_t rows, bool lost) {
  const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(rows);
  std::size_t bytes = 0;
  for (auto row = pending_.begin(); row != end; ++row) {
    bytes += size_of(*row);
  }
  pending_.erase(pending_.begin(), end);
  const Lock lock(mutex_);
  held_rows_ -= rows;
  held_bytes_ -= bytes;
  if (lost) {
    status_.lost += rows;
    gap_ = true;
  }
}

// Takes no lock: a disk may hang.
std::uint64_t HistoryStore::bytes_on_disk() const {
  return size_on_disk(options_.path) + size_on_disk(options_.path + "-wal");
}

void HistoryStore::note(const Result<void>& attempt, std::uint64_t bytes,
                        const Lock& lock) {
  if (writer_ != nullptr) {
    status_.rows = writer_->rows();
  }
  run_ = writer_ != nullptr ? writer_->run() : 0;
  status_.bytes = bytes;
  if (!attempt) {
    if (status_.error.empty()) {
      notify({"the history is not written: " + attempt.error().context}, lock);
    }
    status_.error = attempt.error().context;
    return;
  }
  if (!status_.error.empty()) {
    status_.error.clear();
    notify({"the history is written again"}, lock);
  }
  const auto now = std::chrono::steady_clock::now();
  if (gap_ && queue_.empty() && now >= next_announcement_) {
    gap_ = false;
    next_announcement_ = now + kBetweenAnnouncements;
    notify({std::to_string(status_.lost) +
                " rows of the history were lost since the start",
            true},
           lock);
  }
}

// REQUIRES: the lock is held; the parameter is there to show that.
void HistoryStore::notify(HistoryNotice notice, const Lock&) {
  if (notices_.size() == kNoticesKept) {  // nobody reads them
    notices_.back().announce = notices_.back().announce || notice.announce;
    return;
  }
  notices_.push_back(std::move(notice));
  eventfd_write(notice_fd_.get(), 1);
}

}  // namespace portwatch
