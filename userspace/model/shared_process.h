// shared_process.h - a process as it was, which many records tell of.
//
// A value: copies are as good as the first one, and cost a count. What is shared is
// never changed, so that other threads may read their copies. Threads: as for an
// int; different copies, different threads.
#pragma once

#include <memory>
#include <utility>

#include "userspace/model/process.h"

namespace portwatch {

class SharedProcess {
 public:
  SharedProcess() = default;  // not known
  SharedProcess(Process process)
      : process_(std::make_shared<const Process>(std::move(process))) {}

  explicit operator bool() const { return process_ != nullptr; }
  // Undefined where it is not known.
  const Process& operator*() const { return *process_; }
  const Process* operator->() const { return process_.get(); }
  // Null: not known.
  const Process* get() const { return process_.get(); }

  void reset() { process_.reset(); }
  // Changes this copy alone, which must be known.
  template <class Change>
  void edit(const Change& change) {
    Process mine = *process_;
    change(mine);
    process_ = std::make_shared<const Process>(std::move(mine));
  }

  friend bool operator==(const SharedProcess& a, const SharedProcess& b) {
    return a.process_ == b.process_ || (a && b && *a == *b);
  }

 private:
  std::shared_ptr<const Process> process_;
};

}  // namespace portwatch
