// command.h - runs a program to its end, or keeps one running on a leash.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "userspace/base/unique_fd.h"

namespace portwatch::test {

struct CommandResult {
  int exit_code = -1;  // 128 + N when signal N ended it
  std::string out;
  std::string err;
};

struct CommandOptions {
  uid_t uid = 0;                             // 0: as we are
  std::vector<std::string> environment;      // "NAME=value", added to ours
  std::chrono::milliseconds timeout{20000};  // then SIGKILL, exit code 137
};

// argv[0] is a path. stdin is /dev/null.
CommandResult run_command(const std::vector<std::string>& argv,
                          const CommandOptions& options = {});

// A program that runs beside the test; ended with SIGKILL by the destructor.
class Background {
 public:
  // ready_fd: the program gets "--ready-fd 3" and construction returns when it
  // has written a byte there, or closed it by exiting.
  Background(std::vector<std::string> argv, bool ready_fd);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  pid_t pid() const { return pid_; }
  bool was_ready() const { return ready_; }
  int out() const { return out_.get(); }  // its stdout
  // The next line of its stdout without the newline; empty at the end or when
  // none comes within 20 s.
  std::string read_line();
  // Signals it and waits; the exit code as in CommandResult.
  int stop(int signal);
  // Everything it wrote to stderr until it ended. REQUIRES: stop() was called.
  std::string errors();

 private:
  pid_t pid_ = -1;
  bool ready_ = false;
  UniqueFd out_;
  UniqueFd err_;
  std::string buffer_;
};

}  // namespace portwatch::test
