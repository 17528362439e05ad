// process.bpf.c: forks, execs and exits of processes that hold a port.
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bpf/recorder.h"

namespace portwatch::test {
namespace {

using ProcessHooks = HookTest;

pid_t fork_and_exit() {
  const pid_t child = fork();
  if (child == 0) {
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  return child;
}

TEST_F(ProcessHooks, ForkOfAHolder_NamesParentAndChild) {
  const UniqueFd socket = listening_socket("127.0.0.1", 7101);
  take();
  const pid_t child = fork_and_exit();
  const auto events = take_about(getpid());
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, ProcessEvent::Kind::fork);
  EXPECT_EQ(events[0].child.pid, child);
  EXPECT_GT(events[0].child.start_ticks, 0u);
}

TEST_F(ProcessHooks, ExitOfAHolder_OneRecordAtTheEnd) {
  Child child([] { listening_socket("127.0.0.1", 7102).release(); });
  const pid_t pid = child.pid();
  take();
  child.finish();
  const auto events = take_about(pid);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, ProcessEvent::Kind::exit);
}

TEST_F(ProcessHooks, ExecOfAHolder_OneRecordAndNoMember) {
  const pid_t pid = fork();
  if (pid == 0) {
    listening_socket("127.0.0.1", 7103).release();
    execl("/bin/true", "true", nullptr);
    _exit(1);
  }
  waitpid(pid, nullptr, 0);
  const auto events = take_about(pid);
  ASSERT_EQ(events.size(), 1u) << "the program after exec is a stranger";
  EXPECT_EQ(events[0].kind, ProcessEvent::Kind::exec);
}

TEST_F(ProcessHooks, Stranger_NoRecord) {
  Child child([] {});
  const pid_t pid = child.pid();
  child.finish();
  EXPECT_TRUE(take_about(pid).empty());
}

}  // namespace
}  // namespace portwatch::test
