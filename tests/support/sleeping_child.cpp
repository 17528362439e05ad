#include "tests/support/sleeping_child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "tests/support/sockets.h"

namespace portwatch::test {

SleepingChild::SleepingChild(Port port, void (*block)(int), const char* where)
    : pid_(fork()) {
  if (pid_ == 0) {
    block(listening_socket("127.0.0.1", port).get());
    _exit(0);
  }
  await_sleep(where);
}

SleepingChild::~SleepingChild() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void SleepingChild::await_sleep(const char* where) const {
  const std::string path = "/proc/" + std::to_string(pid_) + "/wchan";
  for (int tries = 0; tries < 100000; ++tries) {
    char text[64] = "";
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (read(file.get(), text, sizeof text - 1) > 0 &&
        std::string(text).find(where) != std::string::npos) {
      return;
    }
    sched_yield();
  }
  ADD_FAILURE() << "the child never slept in " << where;
}

}  // namespace portwatch::test
