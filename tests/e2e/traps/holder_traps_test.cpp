// Traps of who holds a socket: descriptors travel, processes fork, exec, hide
// and die in pieces.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <fstream>

#include "tests/e2e/traps/trap.h"
#include "tests/support/bind_32bit.h"
#include "tests/support/messages.h"
#include "tests/support/uring.h"
#include "userspace/base/clock.h"

namespace portwatch::test {
namespace {

using HolderTrap = Trap;

TEST_F(HolderTrap, Trap09_ParentClosesChildKeeps_NoReleaseUntilTheChildEnds) {
  UniqueFd listener = listening_socket("127.0.0.1", 8309);
  Child child([] {});
  listener.reset();
  EXPECT_EQ(pids(only(8309)), std::vector<pid_t>{child.pid()});
  EXPECT_TRUE(events("release", 8309).empty());
  child.finish();
  EXPECT_TRUE(all(8309).empty());
  EXPECT_EQ(events("release", 8309).size(), 1u);
}

TEST_F(HolderTrap, Trap10_DescriptorInAMessage_IsHeldUntilTheMessageGoes) {
  UniqueFd listener = listening_socket("127.0.0.1", 8310);
  Channel channel = make_channel();
  send_descriptor(channel.left, listener);
  listener.reset();
  expect_in_flight(8310);
  channel = {};
  EXPECT_TRUE(all(8310).empty());
}

TEST_F(HolderTrap, Trap11_FixedFileOfARing_HolderIsTheRingsOwner) {
  UniqueFd listener = listening_socket("127.0.0.1", 8311);
  {
    Ring ring;
    ring.keep(listener);
    listener.reset();
    const Json binding = only(8311);
    EXPECT_EQ(binding["heldBy"], "process") << binding.dump(1);
    EXPECT_EQ(pids(binding), only_us());
    EXPECT_EQ(binding["holders"][0]["fds"], Json::array());
  }
  // The ring is torn down by a kernel worker, later.
  EXPECT_EQ(ask({"watch", "-n", "1000", "--event", "release", "--port", "8311",
                 "--count", "1", "--timeout", "20s"})
                .exit_code,
            0);
  EXPECT_TRUE(all(8311).empty());
  const auto released = events("release", 8311);
  ASSERT_EQ(released.size(), 1u);
  EXPECT_EQ(released[0]["binding"]["creator"]["pid"], getpid());
}

// The same of a socket that no hook saw: it took its port by sending.
TEST_F(HolderTrap, Trap11_UntrackedFixedFile_HolderIsTheRingsOwner) {
  UniqueFd sender = make_socket(Family::ipv4, kUdp);
  EXPECT_EQ(send(sender.get(), "x", 1, 0), -1);  // no destination
  const Port port = port_of(sender);
  Ring ring;
  ring.keep(sender);
  sender.reset();
  const Json binding = only(port);
  EXPECT_EQ(binding["heldBy"], "process") << binding.dump(1);
  EXPECT_EQ(pids(binding), only_us());
}

TEST_F(HolderTrap, Trap12_BindThroughARing_CreatorIsTheProgram) {
  struct RingWay {
    unsigned ring;
    unsigned entry;
    Port port;
  };
  for (const RingWay& way : {RingWay{0, 0, 8312}, RingWay{0, IOSQE_ASYNC, 8313},
                             RingWay{IORING_SETUP_SQPOLL, 0, 8314}}) {
    Ring ring(way.ring);
    const UniqueFd socket = make_socket(Family::ipv4, kTcp);
    ASSERT_EQ(ring.bind(socket, "127.0.0.1", way.port, way.entry), 0);
    const Json binding = only(way.port);
    EXPECT_EQ(binding["creator"]["pid"], getpid());
    EXPECT_EQ(binding["creator"]["name"], "e2e_tests");
    const UniqueFd other = make_socket(Family::ipv4, kTcp);
    EXPECT_EQ(ring.bind(other, "127.0.0.1", way.port, way.entry), EADDRINUSE);
    EXPECT_EQ(held(way.port).size(), 1u);
  }
}

#if defined(__x86_64__)
TEST_F(HolderTrap, Trap13_BindOfA32BitProgram_IsSeen) {
  const UniqueFd socket = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(bind_32bit(Call32::bind, socket, 8313), 0);
  EXPECT_EQ(only(8313)["creator"]["pid"], getpid());
  EXPECT_EQ(events("bind", 8313).size(), 1u);
}
#endif

bool is_zombie(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("State:", 0) == 0) {
      return line.find('Z') != std::string::npos;
    }
  }
  return false;
}

struct ThreadedChild {
  int go[2];
  pid_t pid = fork_it();

  // Returns when the main thread has ended. Closing `go` lets the worker thread
  // end the process with status 5.
  pid_t fork_it() {
    EXPECT_EQ(pipe2(go, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(go[1]);
      pthread_t worker;
      pthread_create(&worker, nullptr, work, this);
      syscall(SYS_exit, 0);  // this thread only
    }
    close(go[0]);
    while (!is_zombie(child)) {
      sched_yield();
    }
    return child;
  }
  static void* work(void* self) {
    char byte;
    (void)!read(static_cast<ThreadedChild*>(self)->go[0], &byte, 1);
    _exit(5);
  }
  int end() {
    int status = 0;
    close(go[1]);
    waitpid(pid, &status, 0);
    return status;
  }
};

TEST_F(HolderTrap, Trap25_MainThreadHasEnded_TheProcessStillHolds) {
  UniqueFd listener = listening_socket("127.0.0.1", 8325);
  ThreadedChild child;
  listener.reset();
  EXPECT_TRUE(
      std::filesystem::is_empty("/proc/" + std::to_string(child.pid) + "/fd"));
  EXPECT_EQ(pids(only(8325)), std::vector<pid_t>{child.pid});
  child.end();
}

TEST_F(HolderTrap, Trap26_WorkerEndsTheProcess_OneReleaseAndItsStatus) {
  UniqueFd listener = listening_socket("127.0.0.1", 8326);
  ThreadedChild child;
  listener.reset();
  ASSERT_EQ(pids(only(8326)), std::vector<pid_t>{child.pid});
  EXPECT_EQ(WEXITSTATUS(child.end()), 5);
  EXPECT_TRUE(all(8326).empty());
  EXPECT_EQ(events("release", 8326).size(), 1u);
}

// Becomes `sleep` with or without its listener.
pid_t exec_holder(Port port, bool keep) {
  const pid_t child = fork();
  if (child == 0) {
    const UniqueFd listener = listening_socket("127.0.0.1", port);
    fcntl(listener.get(), F_SETFD, keep ? 0 : FD_CLOEXEC);
    execl("/bin/sleep", "sleep", "1000", nullptr);
    _exit(127);
  }
  const std::string exe = "/proc/" + std::to_string(child) + "/exe";
  while (std::filesystem::read_symlink(exe).filename() != "sleep") {
    sched_yield();
  }
  return child;
}

TEST_F(HolderTrap, Trap27_Exec_KeepsOrClosesAndTheCreatorIsTheOldProgram) {
  const pid_t keeps = exec_holder(8327, true);
  const pid_t closes = exec_holder(8328, false);
  const Json binding = only(8327);
  EXPECT_EQ(pids(binding), std::vector<pid_t>{keeps});
  EXPECT_EQ(binding["holders"][0]["name"], "sleep");
  EXPECT_EQ(binding["creator"]["name"], "e2e_tests");
  EXPECT_EQ(binding["creator"]["pid"], keeps);
  EXPECT_EQ(binding["creator"]["startTime"], binding["holders"][0]["startTime"]);
  EXPECT_TRUE(all(8328).empty());
  const auto released = events("release", 8328);
  ASSERT_EQ(released.size(), 1u);
  EXPECT_EQ(released[0]["binding"]["creator"]["name"], "e2e_tests");
  for (const pid_t child : {keeps, closes}) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
}

int wait_for_end(void* go) {
  char byte;
  return static_cast<int>(read(*static_cast<int*>(go), &byte, 1));
}

TEST_F(HolderTrap, Trap28_SharedDescriptorTable_BothProcessesHoldThreadsCountOnce) {
  const UniqueFd listener = listening_socket("127.0.0.1", 8328);
  int go[2];
  ASSERT_EQ(pipe2(go, O_CLOEXEC), 0);
  std::vector<char> stack(65536);
  const pid_t sibling = clone(wait_for_end, stack.data() + stack.size(),
                              CLONE_FILES | SIGCHLD, &go[0]);
  ASSERT_GT(sibling, 0);
  pthread_t thread;
  ASSERT_EQ(pthread_create(
                &thread, nullptr,
                [](void* end) -> void* {
                  wait_for_end(end);
                  return nullptr;
                },
                &go[0]),
            0);
  const Json binding = only(8328);
  EXPECT_EQ(binding["holders"].size(), 2u) << binding.dump(1);
  EXPECT_EQ(answer(8328)["confidence"], "exact");
  ASSERT_EQ(write(go[1], "xx", 2), 2);
  waitpid(sibling, nullptr, 0);
  pthread_join(thread, nullptr);
}

// Start times count in ticks of 10 ms: a younger process has another one.
void await_next_tick() {
  constexpr std::chrono::milliseconds kTick{10};
  const SystemClock clock;
  const auto tick = clock.boot_now() / kTick;
  while (clock.boot_now() / kTick == tick) {
    sched_yield();
  }
}

TEST_F(HolderTrap, Trap38_ReusedPid_IsNotTakenForTheCreator) {
  Channel channel = make_channel();
  Child creator(
      [&] { send_descriptor(channel.right, listening_socket("127.0.0.1", 8338)); });
  const pid_t pid = creator.pid();
  const UniqueFd listener = receive_descriptor(channel.left);
  const Json before = only(8338);
  creator.finish();
  await_next_tick();
  std::unique_ptr<Child> other;
  for (int i = 0; i < 50 && (other == nullptr || other->pid() != pid); ++i) {
    other.reset();  // somebody else on this host took the number
    std::ofstream("/proc/sys/kernel/ns_last_pid") << pid - 1;
    other = std::make_unique<Child>([] {});
  }
  ASSERT_EQ(other->pid(), pid);
  const Json after = only(8338);
  EXPECT_EQ(after["creator"], before["creator"]);
  // It got our descriptor by the fork, and is another process all the same.
  for (const Json& holder : after["holders"]) {
    EXPECT_TRUE(holder["pid"] == getpid() ||
                holder["startTime"] != after["creator"]["startTime"]);
  }
}

TEST_F(HolderTrap, Trap39_ProcessInAnotherPidNamespace_BothNumbersAreRight) {
  Channel channel = make_channel();
  Child outer([&] {
    if (unshare(CLONE_NEWPID) != 0) {
      _exit(1);
    }
    const pid_t inner = fork();
    if (inner == 0) {
      const UniqueFd listener = listening_socket("127.0.0.1", 8339);
      const int ends = write(channel.right.get(), "x", 1) == 1 ? 0 : 1;
      pause();
      _exit(ends);
    }
    char byte;
    (void)!read(channel.left.get(), &byte, 1);
  });
  const Json binding = only(8339);
  ASSERT_EQ(binding["holders"].size(), 1u) << binding.dump(1);
  const Json& holder = binding["holders"][0];
  std::ifstream children("/proc/" + std::to_string(outer.pid()) + "/task/" +
                         std::to_string(outer.pid()) + "/children");
  pid_t inner = 0;
  children >> inner;
  EXPECT_EQ(holder["pid"], inner);
  EXPECT_EQ(holder["nsPid"], 1);
  EXPECT_EQ(binding["creator"]["pid"], inner);
  kill(inner, SIGKILL);
}

}  // namespace
}  // namespace portwatch::test
