// child.h - a child process that runs a function and is ended with its owner.
#pragma once

#include <sys/types.h>

#include <functional>

#include "userspace/base/unique_fd.h"

namespace portwatch::test {

// The child calls `body`, then says it is ready, then waits until its owner
// goes or calls finish(). Construction returns when the child is ready.
class Child {
 public:
  explicit Child(const std::function<void()>& body);
  ~Child() { finish(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  void finish();         // SIGTERM, and reaps it
  void kill_and_reap();  // SIGKILL

 private:
  pid_t pid_ = -1;
  UniqueFd leash_;  // the child exits when this closes
};

// Ends a process that was made without Child, by SIGKILL, and reaps it.
class Reaper {
 public:
  explicit Reaper(pid_t pid) : pid_(pid) {}
  ~Reaper() { end(); }
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  pid_t pid() const { return pid_; }
  void end();

 private:
  pid_t pid_;
};

}  // namespace portwatch::test
