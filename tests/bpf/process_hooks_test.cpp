// process.bpf.c: forks, execs and exits of processes that hold a port.
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>

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

// The end of a process that holds a port and then does `rest`; empty: none was
// told.
class ProcessEnds : public HookTest {
 protected:
  std::optional<ProcessEvent> end_after(const std::function<void()>& rest,
                                        int& wait_status) {
    const pid_t pid = fork();
    if (pid == 0) {
      listening_socket("127.0.0.1", 7104).release();
      rest();
      _exit(99);
    }
    EXPECT_EQ(waitpid(pid, &wait_status, 0), pid);
    const auto events = take_about(pid);
    return events.size() == 1 ? std::optional(events[0]) : std::nullopt;
  }
};

void* exit_group_5(void*) {
  // Until the leader is a zombie: it has no more memory then.
  for (char state = 0; state != 'Z';) {
    std::ifstream stat("/proc/self/task/" + std::to_string(getpid()) + "/stat");
    std::string word;
    stat >> word >> word >> state;
  }
  _exit(5);
}

void leave_the_rest_to_a_thread() {
  pthread_t thread;
  pthread_create(&thread, nullptr, exit_group_5, nullptr);
  syscall(SYS_exit, 9);
}

TEST_F(ProcessEnds, EveryWayToEnd_StatusAsWaitGivesIt) {
  const std::vector<std::function<void()>> ways{
      [] { _exit(0); },
      [] { _exit(3); },
      [] { kill(getpid(), SIGKILL); },
      [] { kill(getpid(), SIGTERM); },
      leave_the_rest_to_a_thread,
  };
  for (std::size_t i = 0; i < ways.size(); ++i) {
    int status = -1;
    const auto end = end_after(ways[i], status);
    ASSERT_TRUE(end) << i;
    EXPECT_EQ(end->kind, ProcessEvent::Kind::exit) << i;
    EXPECT_EQ(end->wait_status, status) << i;
  }
}

TEST_F(ProcessEnds, Details_AreOfTheProcessThatEnds) {
  int status = -1;
  const auto end = end_after([] { _exit(0); }, status);
  ASSERT_TRUE(end);
  if (end->details) {  // before Linux 6.16 its memory is gone already
    EXPECT_EQ(end->details->exe, std::filesystem::read_symlink("/proc/self/exe"));
    EXPECT_FALSE(end->details->argv.empty());
    ASSERT_FALSE(end->details->parents.empty());
    EXPECT_EQ(end->details->parents[0].id.pid, getpid());
  }
}

TEST_F(ProcessEnds, ProcessThatOnlyFailedToBind_IsTold) {
  const UniqueFd holder = listening_socket("127.0.0.1", 7105);
  const pid_t pid = fork();
  if (pid == 0) {
    try_bind(make_socket(Family::ipv4, kTcp), "127.0.0.1", 7105);
    _exit(7);
  }
  waitpid(pid, nullptr, 0);
  const auto events = take_about(pid);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].wait_status, 7 << 8);
}

// A shell that starts a server: its end makes an orphan, its commands are no news.
TEST_F(ProcessEnds, ParentOfAHolder_ItsEndAndNothingElse) {
  const pid_t parent = fork();
  if (parent == 0) {
    const pid_t server = fork();
    if (server == 0) {
      listening_socket("127.0.0.1", 7106).release();
      _exit(0);
    }
    waitpid(server, nullptr, 0);
    fork_and_exit();
    _exit(4);
  }
  waitpid(parent, nullptr, 0);
  const auto events = take_about(parent);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, ProcessEvent::Kind::exit);
  EXPECT_EQ(events[0].wait_status, 4 << 8);
}

TEST_F(ProcessHooks, Stranger_NoRecord) {
  Child child([] {});
  const pid_t pid = child.pid();
  child.finish();
  EXPECT_TRUE(take_about(pid).empty());
}

}  // namespace
}  // namespace portwatch::test
