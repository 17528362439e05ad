// backend.h - what the daemon serves from: live (eBPF) or polled (the rest).
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/model/answer.h"
#include "userspace/model/change.h"
#include "userspace/model/loop.h"
#include "userspace/model/status.h"

namespace portwatch {

class Backend {
 public:
  // Where news goes, in the order in which it happened.
  struct Publish {
    std::function<void(Change)> change;
    std::function<void(const ProcessEnd&)> end;
  };

  virtual ~Backend() = default;

  // As Service::answer() and Service::end_questions().
  virtual Result<Answer> answer(const Question& question) = 0;
  virtual void end_questions() {}
  virtual Status status() = 0;
  // What is believed to be bound now, in portions, for there may be many: each call
  // gives so many more, none at the end. Mostly without a look, so that holders may
  // be unknown. What let go meanwhile is left out, what came is not in it. The
  // backend must outlive it.
  using Portions = std::function<std::vector<Binding>(std::size_t most)>;
  virtual Portions known() const = 0;

  // Readable when drain() has something to do. Owned by the backend.
  virtual int event_fd() const = 0;
  // Takes in everything that happened; all of it goes to the publisher that the
  // backend was made with. Error: the backend is broken for good.
  virtual Result<void> drain() = 0;
  // How often one that has to look looks. One that is told does not need it.
  virtual void look_every(std::chrono::milliseconds) {}
  // What it keeps in the kernel outlives it, for the daemon that comes next.
  virtual void leave_pins() {}
};

}  // namespace portwatch
