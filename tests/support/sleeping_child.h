// sleeping_child.h - a child that sleeps in one system call of its listener.
#pragma once

#include <sys/types.h>

#include "userspace/model/endpoint.h"

namespace portwatch::test {

// Listens on `port` and sleeps in the system call that `block` makes with its
// listener; `where` is that call's name in /proc/PID/wchan. Ended with its owner.
class SleepingChild {
 public:
  SleepingChild(Port port, void (*block)(int), const char* where);
  ~SleepingChild();
  SleepingChild(const SleepingChild&) = delete;
  SleepingChild& operator=(const SleepingChild&) = delete;

  pid_t pid() const { return pid_; }

 private:
  void await_sleep(const char* where) const;

  pid_t pid_;
};

}  // namespace portwatch::test
