#include "tests/support/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace portwatch::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kReadyFd = 3;

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw std::system_error(errno, std::generic_category(), "pipe2");
    }
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
};

[[noreturn]] void become(const std::vector<std::string>& argv,
                         const CommandOptions& options) {
  for (const std::string& setting : options.environment) {
    putenv(const_cast<char*>(setting.c_str()));
  }
  if (options.uid != 0 && (setgid(options.uid) != 0 || setuid(options.uid) != 0)) {
    _exit(126);
  }
  std::vector<char*> arguments;
  for (const std::string& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return exit_code_of(status);
}

// Appends what is there; false at the end of the stream.
bool read_some(int fd, std::string& text) {
  std::array<char, 65536> chunk;
  const ssize_t count = read(fd, chunk.data(), chunk.size());
  if (count > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return count > 0 || (count < 0 && errno == EINTR);
}

void read_both(int out, int err, Clock::time_point deadline, pid_t pid,
               CommandResult& result) {
  std::array<pollfd, 2> fds{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - Clock::now());
    if (left.count() <= 0 ||
        poll(fds.data(), fds.size(), static_cast<int>(left.count())) == 0) {
      kill(pid, SIGKILL);
      return;
    }
    if (fds[0].revents != 0 && !read_some(out, result.out)) {
      fds[0].fd = -1;
    }
    if (fds[1].revents != 0 && !read_some(err, result.err)) {
      fds[1].fd = -1;
    }
  }
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& argv,
                          const CommandOptions& options) {
  Pipe out;
  Pipe err;
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(null.get(), STDIN_FILENO);
    dup2(out.write_end.get(), STDOUT_FILENO);
    dup2(err.write_end.get(), STDERR_FILENO);
    become(argv, options);
  }
  out.write_end.reset();
  err.write_end.reset();
  CommandResult result;
  read_both(out.read_end.get(), err.read_end.get(), Clock::now() + options.timeout,
            pid, result);
  result.exit_code = wait_for(pid);
  return result;
}

Background::Background(std::vector<std::string> argv, bool ready_fd) {
  Pipe out;
  Pipe err;
  Pipe ready;
  if (ready_fd) {
    argv.insert(argv.end(), {"--ready-fd", std::to_string(kReadyFd)});
  }
  pid_ = fork();
  if (pid_ == 0) {
    dup2(out.write_end.get(), STDOUT_FILENO);
    dup2(err.write_end.get(), STDERR_FILENO);
    if (ready.write_end.get() == kReadyFd) {
      fcntl(kReadyFd, F_SETFD, 0);
    } else {
      dup2(ready.write_end.get(), kReadyFd);
    }
    become(argv, {});
  }
  ready.write_end.reset();
  out_ = std::move(out.read_end);
  err_ = std::move(err.read_end);
  char byte = 0;
  ready_ = ready_fd && read(ready.read_end.get(), &byte, 1) == 1;
}

Background::~Background() {
  if (pid_ > 0) {
    stop(SIGKILL);
  }
}

std::string Background::read_line() {
  for (;;) {
    const auto end = buffer_.find('\n');
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    pollfd wait{out_.get(), POLLIN, 0};
    if (poll(&wait, 1, 20000) <= 0 || !read_some(out_.get(), buffer_)) {
      return "";
    }
  }
}

int Background::stop(int signal) {
  kill(pid_, signal);
  const int code = wait_for(pid_);
  pid_ = -1;
  return code;
}

std::string Background::errors() {
  std::string text;
  while (read_some(err_.get(), text)) {
  }
  return text;
}

}  // namespace portwatch::test
