#include "userspace/alert/exec_hook.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "userspace/alert/spawn.h"
#include "userspace/alert/trusted_file.h"
#include "userspace/model/loop.h"

namespace portwatch {
namespace {

constexpr int kLastWaitMs = 1000;

Result<void> outcome_of(const ExitStatus& status) {
  if (status.code == 0) {
    return {};
  }
  return Error{Errc::io, status.signal ? "killed by " + to_string(status)
                                       : "ended with " + to_string(status)};
}

}  // namespace

HookRun::HookRun(EventLoop& loop, const HookCommand& command,
                 OutputLines::OnLine on_line, OnEnd on_end)
    : loop_(loop),
      lines_(std::move(on_line)),
      on_end_(std::move(on_end)),
      timeout_(command.timeout),
      grace_(command.grace) {}

Result<std::unique_ptr<HookRun>> HookRun::start(EventLoop& loop,
                                                const HookCommand& command,
                                                OutputLines::OnLine on_line,
                                                OnEnd on_end) {
  // By path, and not by the descriptor that was checked: as a script it would get
  // "/dev/fd/N" for a name, and N. No other user can change what the path means.
  if (auto trusted = check_hook_file(command.argv.at(0)); !trusted) {
    return trusted.error();
  }
  std::unique_ptr<HookRun> run(
      new HookRun(loop, command, std::move(on_line), std::move(on_end)));
  if (auto done = run->launch(command); !done) {
    return done.error();
  }
  if (auto done = run->watch(); !done) {
    return done.error();
  }
  return run;
}

Result<void> HookRun::launch(const HookCommand& command) {
  auto input = file_of(command.input);
  if (!input) {
    return input.error();
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return errno_error(errno, "pipe2");
  }
  output_.reset(ends[0]);
  const UniqueFd into(ends[1]);
  fcntl(output_.get(), F_SETFL, O_NONBLOCK);  // our end only
  const auto pid = spawn(command.argv, command.environment, *input, into);
  if (!pid) {
    return pid.error();
  }
  pid_ = *pid;
  return {};
}

Result<void> HookRun::watch() {
  pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  if (!pidfd_.valid()) {
    return errno_error(errno, "pidfd_open");
  }
  if (auto done =
          loop_.add(output_.get(), EPOLLIN, [this](std::uint32_t) { on_output(); });
      !done) {
    return done;
  }
  timeout_timer_ = loop_.after(timeout_, [this] { on_timeout(); });
  return loop_.add(pidfd_.get(), EPOLLIN, [this](std::uint32_t) { on_exit(); });
}

HookRun::~HookRun() {
  loop_.cancel(timeout_timer_);
  loop_.cancel(grace_timer_);
  close_output();
  loop_.remove(pidfd_.get());
  if (pid_ > 0) {
    kill(-pid_, SIGKILL);
    pollfd ended = {pidfd_.get(), POLLIN, 0};
    // It takes that long only in the kernel's own hands (a dead file server).
    const bool stuck = pidfd_.valid() && poll(&ended, 1, kLastWaitMs) == 0;
    waitpid(pid_, nullptr, stuck ? WNOHANG : 0);
  }
}

void HookRun::terminate() { kill(-pid_, SIGTERM); }

// Once a turn: a program that writes without end must not keep the loop.
void HookRun::on_output() {
  char piece[64 * 1024];
  const ssize_t size = read(output_.get(), piece, sizeof piece);
  if (size > 0) {
    lines_.feed({piece, static_cast<std::size_t>(size)});
  } else if (size == 0 || errno != EAGAIN) {
    close_output();
    finish_if_over();
  }
}

void HookRun::on_exit() {
  exited_ = true;
  loop_.remove(pidfd_.get());
  loop_.cancel(timeout_timer_);
  end_group();
  finish_if_over();
}

void HookRun::on_timeout() {
  timed_out_ = true;
  end_group();
}

void HookRun::end_group() {
  if (grace_timer_ == 0) {
    terminate();
    grace_timer_ = loop_.after(grace_, [this] { on_grace_over(); });
  }
}

void HookRun::on_grace_over() {
  kill(-pid_, SIGKILL);
  killed_ = true;
  finish_if_over();
}

void HookRun::close_output() {
  if (output_.valid()) {
    loop_.remove(output_.get());
    output_.reset();
  }
}

void HookRun::finish_if_over() {
  if (!exited_ || (output_.valid() && !killed_)) {
    return;
  }
  lines_.end();
  const Result<void> outcome = reap();
  const OnEnd on_end = std::move(on_end_);
  on_end(outcome);  // the last thing: it may have destroyed us
}

Result<void> HookRun::reap() {
  kill(-pid_, SIGKILL);  // whoever closed the output and is still in the group
  int status = 0;
  const pid_t reaped = waitpid(pid_, &status, WNOHANG);
  pid_ = -1;
  loop_.cancel(grace_timer_);
  if (timed_out_) {
    return Error{Errc::timed_out,
                 "did not end within " + std::to_string(timeout_.count()) + " ms"};
  }
  return reaped > 0 ? outcome_of(exit_status_from_wait(status))
                    : errno_error(errno, "waitpid");
}

}  // namespace portwatch
