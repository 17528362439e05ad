// Who holds a socket: forks, other namespaces, other users, processes that die.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "fallback/fd_scan.h"
#include "tests/support/child.h"
#include "tests/support/fresh_netns.h"
#include "tests/support/messages.h"
#include "tests/support/sockets.h"
#include "tests/unit/fallback/look.h"
#include "userspace/source/read_file.h"

namespace portwatch {
namespace {

using test::about;
using test::look;

constexpr uid_t kNobody = 65534;

class LiveHolders : public testing::TestWithParam<Source> {
 protected:
  Answer on_port(Port port) {
    return look(GetParam(), about(port, netns_.inode()));
  }
  test::FreshNetns netns_;
};

INSTANTIATE_TEST_SUITE_P(Backends, LiveHolders,
                         testing::Values(Source::sock_diag, Source::procfs),
                         test::source_name);

std::set<pid_t> holders_of(const Binding& binding) {
  std::set<pid_t> pids;
  for (const Process& holder : binding.holders.value_or(std::vector<Process>{})) {
    pids.insert(holder.id.pid);
  }
  return pids;
}

std::uint64_t inode_of(const UniqueFd& socket) {
  struct stat facts {};
  EXPECT_EQ(fstat(socket.get(), &facts), 0);
  return facts.st_ino;
}

// The exit code of a child that runs `body`; 77 when it threw.
int code_of(const std::function<int()>& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    int code = 77;
    try {
      code = body();
    } catch (...) {
    }
    _exit(code);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_P(LiveHolders, ForkedSocket_HasTwoHoldersThenTheChild) {
  UniqueFd socket = test::listening_socket("127.0.0.1", 5055);
  const test::Child child([] {});
  const Answer both = on_port(5055);
  ASSERT_EQ(both.bindings.size(), 1u);
  EXPECT_EQ(holders_of(both.bindings[0]), (std::set<pid_t>{getpid(), child.pid()}));
  socket.reset();
  const Answer one = on_port(5055);
  ASSERT_EQ(one.bindings.size(), 1u);
  EXPECT_EQ(holders_of(one.bindings[0]), std::set<pid_t>{child.pid()});
}

TEST_P(LiveHolders, SeveralDescriptors_AreAllToldInOrder) {
  const UniqueFd socket = test::listening_socket("127.0.0.1", 5056);
  const UniqueFd second(dup(socket.get()));
  const Answer answer = on_port(5056);
  ASSERT_EQ(answer.bindings.size(), 1u);
  ASSERT_EQ(answer.bindings[0].holders->size(), 1u);
  EXPECT_EQ(answer.bindings[0].holders->front().fds,
            (std::vector<int>{socket.get(), second.get()}));
}

// A descriptor that is in a message only: held, and by nobody that we can name.
TEST_P(LiveHolders, SocketInFlight_HasNoHolderButIsThere) {
  UniqueFd socket = test::listening_socket("127.0.0.1", 5057);
  const test::Channel channel = test::make_channel();
  test::send_descriptor(channel.left, socket);
  socket.reset();
  const Answer answer = on_port(5057);
  ASSERT_EQ(answer.bindings.size(), 1u);
  EXPECT_NE(answer.bindings[0].held_by, HeldBy::process);
  EXPECT_TRUE(holders_of(answer.bindings[0]).empty());
}

TEST_P(LiveHolders, OtherNamespace_IsSeenAndNamedByItsNumber) {
  const std::uint32_t ours = netns_.inode();
  std::unique_ptr<test::Child> child;
  std::uint32_t theirs = 0;
  {
    const test::FreshNetns other;
    theirs = other.inode();
    child = std::make_unique<test::Child>(
        [] { test::listening_socket("127.0.0.1", 5058).release(); });
  }
  const UniqueFd own = test::listening_socket("127.0.0.1", 5058);
  Question question;
  question.port = Port{5058};
  const Answer answer = look(GetParam(), question);
  ASSERT_EQ(answer.bindings.size(), 2u);
  EXPECT_EQ(answer.bindings[0].netns, ours) << "the asker's own comes first";
  EXPECT_EQ(answer.bindings[1].netns, theirs);
  EXPECT_EQ(holders_of(answer.bindings[1]), std::set<pid_t>{child->pid()});
  EXPECT_NE(answer.bindings[0].netns_cookie, answer.bindings[1].netns_cookie);
  EXPECT_EQ(netns_of(gettid()).value(), ours) << "the thread came back";
  question.own_netns = theirs;
  EXPECT_EQ(look(GetParam(), question).bindings[0].netns, theirs);
}

TEST_P(LiveHolders, OrdinaryUser_SeesThePortAndSaysThatTheHolderIsHidden) {
  const UniqueFd socket = test::listening_socket("127.0.0.1", 5059);
  const int code = code_of([&] {
    if (setgid(kNobody) != 0 || setuid(kNobody) != 0) {
      return 1;
    }
    const int inherited = socket.get();
    close(inherited);  // else the child would be a holder that it can see
    const Answer answer = on_port(5059);
    const bool hidden = answer.confidence == Confidence::partial &&
                        answer.bindings.size() == 1 &&
                        !answer.bindings[0].held_by && !answer.bindings[0].holders;
    bool said = false;
    for (const Missing& gap : answer.missing) {
      said = said || (gap.what == "holders" &&
                      gap.why.find("uid 65534") != std::string::npos);
    }
    return !hidden ? 2 : said ? 0 : 3;
  });
  EXPECT_EQ(code, 0);
}

TEST_P(LiveHolders, OrdinaryUser_SeesItsOwnSockets) {
  const int code = code_of([&] {
    if (setgid(kNobody) != 0 || setuid(kNobody) != 0) {
      return 1;
    }
    const UniqueFd socket = test::listening_socket("127.0.0.1", 5060);
    const Answer answer = on_port(5060);
    if (answer.bindings.size() != 1) {
      return 2;
    }
    return holders_of(answer.bindings[0]) == std::set<pid_t>{getpid()} ? 0 : 3;
  });
  EXPECT_EQ(code, 0);
}

// Processes come and go while they are looked at: no error, and the listener of
// this process is never missed or given to somebody else.
TEST_P(LiveHolders, ProcessesThatVanishMeanwhile_AreLeftOut) {
  const UniqueFd socket = test::listening_socket("127.0.0.1", 5061);
  const pid_t churner = fork();
  if (churner == 0) {
    for (;;) {
      const pid_t pid = fork();
      if (pid == 0) {
        _exit(0);
      }
      waitpid(pid, nullptr, 0);
    }
  }
  for (int i = 0; i < 30; ++i) {
    const Answer answer = on_port(5061);
    ASSERT_EQ(answer.bindings.size(), 1u);
    EXPECT_EQ(holders_of(answer.bindings[0]).count(getpid()), 1u);
  }
  kill(churner, SIGKILL);
  waitpid(churner, nullptr, 0);
}

// A listener that closes between the look at the tables and the look at the
// descriptors must not stay in the answer as a socket without a holder.
TEST_P(LiveHolders, SocketsThatCloseMeanwhile_AreNotLeftBehind) {
  const pid_t churner = fork();
  if (churner == 0) {
    for (;;) {
      const UniqueFd socket = test::listening_socket("127.0.0.1", 5062);
    }
  }
  for (int i = 0; i < 30; ++i) {
    for (const Binding& binding : on_port(5062).bindings) {
      EXPECT_TRUE(holders_of(binding).empty() ||
                  holders_of(binding) == std::set<pid_t>{churner});
    }
  }
  kill(churner, SIGKILL);
  waitpid(churner, nullptr, 0);
}

void* wait_for_ever(void*) {
  for (;;) {
    poll(nullptr, 0, -1);
  }
}

// The main thread has ended: /proc/PID/fd is empty, the process lives on.
TEST(FdScan, MainThreadEnded_ItsThreadsAreLookedAt) {
  const UniqueFd socket = test::listening_socket("127.0.0.1", 0);
  int ready[2];
  ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    pthread_t thread;
    pthread_create(&thread, nullptr, wait_for_ever, nullptr);
    close(ready[1]);
    syscall(SYS_exit, 0);  // of this thread only
  }
  close(ready[1]);
  close(ready[0]);
  const std::string stat = "/proc/" + std::to_string(pid) + "/stat";
  std::vector<FoundFd> found;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  // The state of the leader turns to Z after its table is gone.
  while (read_file_at(AT_FDCWD, stat.c_str())->find(") Z ") == std::string::npos &&
         std::chrono::steady_clock::now() < deadline) {
    sched_yield();
  }
  const auto scan = scan_fds({false, {inode_of(socket)}}, ScanDepth::processes);
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  ASSERT_TRUE(scan);
  std::set<pid_t> pids;
  for (const FoundFd& one : scan->found) {
    pids.insert(one.pid);
  }
  EXPECT_EQ(pids, (std::set<pid_t>{getpid(), pid}));
}

TEST(FdScan, ThreadWithATableOfItsOwn_IsFoundInDepth) {
  int ready[2];
  int leash[2];
  ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(leash, O_CLOEXEC), 0);
  std::uint64_t inode = 0;
  std::thread thread([&] {
    EXPECT_EQ(unshare(CLONE_FILES), 0);
    close(leash[1]);  // of this thread's table
    const UniqueFd socket = test::listening_socket("127.0.0.1", 0);
    inode = inode_of(socket);
    char byte = 'r';
    EXPECT_EQ(write(ready[1], &byte, 1), 1);
    EXPECT_EQ(read(leash[0], &byte, 1), 0);
  });
  char byte = 0;
  EXPECT_EQ(read(ready[0], &byte, 1), 1);
  const auto shallow = scan_fds({false, {inode}}, ScanDepth::processes);
  const auto deep = scan_fds({false, {inode}}, ScanDepth::threads);
  close(leash[1]);
  thread.join();
  for (const int fd : {ready[0], ready[1], leash[0]}) {
    close(fd);
  }
  ASSERT_TRUE(shallow && deep);
  EXPECT_TRUE(shallow->found.empty());
  ASSERT_EQ(deep->found.size(), 1u);
  EXPECT_EQ(deep->found[0].pid, getpid());
}

}  // namespace
}  // namespace portwatch
