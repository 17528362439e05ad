// exec_hook.h - one run of a hook's program: started, listened to, ended.
//
// Threads: the loop's. Nothing here waits for the program, but the destructor.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "userspace/alert/output_lines.h"
#include "userspace/base/event_loop.h"
#include "userspace/base/result.h"
#include "userspace/base/unique_fd.h"

namespace portwatch {

struct HookCommand {
  std::vector<std::string> argv;  // an absolute path first
  std::vector<std::string> environment;
  std::string input;  // for its stdin
  std::chrono::milliseconds timeout{10'000};
  std::chrono::milliseconds grace{2'000};  // between SIGTERM and SIGKILL
};

// The program has a process group of its own. At the timeout the group gets
// SIGTERM, and after the grace SIGKILL. When the program ends by itself, whatever
// it left in the group is ended in the same way, at once if its output is closed: a
// run leaves nothing behind but what started a session of its own.
class HookRun {
 public:
  // Once, from the loop; it may destroy the run. Error: it did not end well, and
  // how.
  using OnEnd = std::function<void(const Result<void>&)>;

  // Checks the program (check_hook_file) and starts it. Error: why it could not be.
  static Result<std::unique_ptr<HookRun>> start(EventLoop& loop,
                                                const HookCommand& command,
                                                OutputLines::OnLine on_line,
                                                OnEnd on_end);
  // SIGKILL for the group; waits at most a second for the end of its leader.
  ~HookRun();
  HookRun(const HookRun&) = delete;
  HookRun& operator=(const HookRun&) = delete;

  void terminate();  // SIGTERM for the group, before its time
  // Readable when the program has ended.
  int pidfd() const { return pidfd_.get(); }

 private:
  HookRun(EventLoop& loop, const HookCommand& command, OutputLines::OnLine on_line,
          OnEnd on_end);
  Result<void> launch(const HookCommand& command);
  Result<void> watch();
  void on_output();
  void on_exit();
  void on_timeout();
  void on_grace_over();
  void close_output();
  void end_group();
  void finish_if_over();
  Result<void> reap();

  EventLoop& loop_;
  OutputLines lines_;
  OnEnd on_end_;
  std::chrono::milliseconds timeout_;
  std::chrono::milliseconds grace_;
  // A zombie until reap(), so that the number of the group is not given to others.
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd output_;
  EventLoop::TimerId timeout_timer_ = 0;
  EventLoop::TimerId grace_timer_ = 0;
  bool exited_ = false;
  bool timed_out_ = false;
  bool killed_ = false;
};

}  // namespace portwatch
