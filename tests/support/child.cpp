#include "tests/support/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace portwatch::test {
namespace {

void await_byte(int fd) {
  char byte;
  while (read(fd, &byte, 1) < 0 && errno == EINTR) {
  }
}

[[noreturn]] void run_child(const std::function<void()>& body, int ready,
                            int leash) {
  try {
    body();
  } catch (...) {
    _exit(99);
  }
  if (write(ready, "r", 1) == 1) {
    close(ready);
    await_byte(leash);
  }
  _exit(0);
}

}  // namespace

Child::Child(const std::function<void()>& body) {
  int ready[2];
  int leash[2];
  if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(leash, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  pid_ = fork();
  if (pid_ == 0) {
    close(ready[0]);
    close(leash[1]);
    run_child(body, ready[1], leash[0]);
  }
  close(ready[1]);
  close(leash[0]);
  leash_.reset(leash[1]);
  const UniqueFd ready_end(ready[0]);
  await_byte(ready_end.get());
}

void Child::finish() {
  leash_.reset();
  if (pid_ > 0) {
    // Younger children hold copies of the leash, so that it alone is not enough.
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
}

void Child::kill_and_reap() {
  kill(pid_, SIGKILL);
  finish();
}

void Reaper::end() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(std::exchange(pid_, -1), nullptr, 0);
  }
}

}  // namespace portwatch::test
