#include "userspace/history/read_thread.h"

#include <system_error>
#include <utility>

namespace portwatch {

ReadThread::~ReadThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) {
    thread_.join();
  }
}

bool ReadThread::run(std::function<void()> job,
                     std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (job_) {
    return false;
  }
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { work(); });
    } catch (const std::system_error&) {
      return false;
    }
  }
  job_ = std::move(job);
  wake_.notify_one();
  return done_.wait_for(lock, patience, [this] { return !job_; });
}

void ReadThread::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || job_; });
    if (!job_) {
      return;
    }
    lock.unlock();
    job_();  // nobody else touches it meanwhile
    lock.lock();
    job_ = nullptr;
    done_.notify_one();
  }
}

}  // namespace portwatch
