// read_thread.h - reads in a thread of its own, so that a disk that hangs holds up
// nobody for long.
//
// Threads: run() from one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace portwatch {

class ReadThread {
 public:
  ReadThread() = default;
  // Waits for the job that is running.
  ~ReadThread();
  ReadThread(const ReadThread&) = delete;
  ReadThread& operator=(const ReadThread&) = delete;

  // True: the job has run. False: it is not done within `patience`, and goes on by
  // itself, so that it must own what it uses; or one of before still runs, and this
  // one never does. The first call starts the thread; without one, it is false too.
  bool run(std::function<void()> job, std::chrono::milliseconds patience);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::function<void()> job_;  // empty: idle
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all the others
};

}  // namespace portwatch
