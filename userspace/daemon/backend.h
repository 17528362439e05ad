// backend.h - what the daemon serves from: live (eBPF) or polled (the rest).
#pragma once

#include <chrono>
#include <functional>

#include "userspace/api/service.h"
#include "userspace/model/change.h"

namespace portwatch {

class Backend : public Service {
 public:
  using Publish = std::function<void(Change)>;

  // Readable when drain() has something to do. Owned by the backend.
  virtual int event_fd() const = 0;
  // Takes in everything that happened; each change goes to the publisher that
  // the backend was made with, in order. Error: the backend is broken for good.
  virtual Result<void> drain() = 0;
  // How often one that has to look looks. One that is told does not need it.
  virtual void look_every(std::chrono::milliseconds) {}
  // What it keeps in the kernel outlives it, for the daemon that comes next.
  virtual void leave_pins() {}
};

}  // namespace portwatch
