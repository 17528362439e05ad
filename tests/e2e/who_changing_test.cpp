// Holders that become somebody else between two questions: each answer tells the
// process as it is then, whatever the daemon remembers of the answer before.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "tests/e2e/host.h"
#include "tests/support/foreign_program.h"

namespace portwatch::test {
namespace {

int changes[2] = {-1, -1};  // a changeling's way to say that it has changed

extern "C" void become_nobody(int) {
  syscall(SYS_setresuid, kNobody, kNobody, kNobody);
  (void)!write(changes[1], "u", 1);
}

// "idle" goes to the pipe that was our stdout from the start.
extern "C" void become_idle(int) {
  sigset_t none;  // the thread sanitizer blocks all of them in here
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execl(PORTWATCH_TEST_IDLE, "another", "program", nullptr);
}

class WhoChanging : public Host {
 protected:
  Json holder() const {
    const CommandResult result = ask({"who", "7331", "--json"});
    const auto bindings = ours(result);
    EXPECT_EQ(bindings.size(), 1u) << result.out << result.err;
    return bindings.empty() ? Json{} : bindings[0]["holders"][0];
  }
  static std::unique_ptr<Child> changeling() {
    if (pipe(changes) != 0) {
      ADD_FAILURE() << "pipe";
    }
    return std::make_unique<Child>([] {
      const UniqueFd socket = listening_socket("127.0.0.1", 7331);
      (void)!dup(socket.get());  // not CLOEXEC: it lives through exec
      dup2(changes[1], STDOUT_FILENO);
      signal(SIGUSR1, become_nobody);
      signal(SIGUSR2, become_idle);
    });
  }
  static void change(const Child& child, int signal) {
    kill(child.pid(), signal);
    char byte;
    EXPECT_EQ(read(changes[0], &byte, 1), 1);
  }
  void TearDown() override {
    for (int& end : changes) {
      close(std::exchange(end, -1));
    }
    Host::TearDown();
  }
};

// Where the kernel finds our arguments; proc_pid_stat(5), field 48.
char* arguments() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string field;
  for (int number = 3; number <= 48; ++number) {
    fields >> field;
  }
  return reinterpret_cast<char*>(std::stoull(field));
}

TEST_F(WhoChanging, Name_IsTheNewOne) {
  start_daemon();
  const UniqueFd socket = listening_socket("127.0.0.1", 7331);
  const Json before = holder();
  prctl(PR_SET_NAME, "renamed");
  const Json after = holder();
  prctl(PR_SET_NAME, before["name"].get<std::string>().c_str());
  EXPECT_EQ(after["name"], "renamed");
  EXPECT_EQ(holder()["name"], before["name"]);
}

TEST_F(WhoChanging, TitleOverTheArguments_IsTheNewOne) {
  start_daemon();
  const UniqueFd socket = listening_socket("127.0.0.1", 7331);
  const Json before = holder();
  char& first = *arguments();
  const char kept = std::exchange(first, '#');
  const Json after = holder();
  first = kept;
  EXPECT_EQ(after["cmdline"][0].get<std::string>()[0], '#');
  EXPECT_EQ(holder()["cmdline"], before["cmdline"]);
}

TEST_F(WhoChanging, Cgroup_IsTheNewOne) {
  start_daemon();
  const auto child = changeling();
  const Json before = holder();
  const FreshCgroup cgroup("/docker/" + std::string(64, 'a'));
  cgroup.take_in(child->pid());
  EXPECT_EQ(holder()["container"], "docker:aaaaaaaaaaaa");
  std::ofstream(cgroup_root_path() + "/cgroup.procs") << child->pid();
  EXPECT_EQ(holder()["cgroup"], before["cgroup"]);
}

TEST_F(WhoChanging, User_IsTheNewOne) {
  start_daemon();
  const auto child = changeling();
  EXPECT_EQ(holder()["user"], "root");
  change(*child, SIGUSR1);
  EXPECT_EQ(holder()["user"], "nobody");
}

TEST_F(WhoChanging, Program_IsTheNewOne) {
  start_daemon();
  const auto child = changeling();
  const Json before = holder();
  change(*child, SIGUSR2);
  const Json after = holder();
  EXPECT_EQ(after["pid"], before["pid"]);
  EXPECT_EQ(after["exe"], PORTWATCH_TEST_IDLE);
  EXPECT_EQ(after["cmdline"], (Json{"another", "program"}));
}

TEST_F(WhoChanging, Parent_IsTheNewOne) {
  start_daemon();
  const UniqueFd socket = listening_socket("127.0.0.1", 7331);
  pid_t orphan = 0;
  int pids_of[2];
  ASSERT_EQ(pipe(pids_of), 0);
  auto parent = std::make_unique<Child>([&] {
    const pid_t child = fork();
    if (child == 0) {
      for (;;) {
        pause();
      }
    }
    (void)!write(pids_of[1], &child, sizeof child);
  });
  ASSERT_EQ(read(pids_of[0], &orphan, sizeof orphan), ssize_t{sizeof orphan});
  const auto parent_of = [&]() -> Json {
    const auto bindings = ours(ask({"who", "7331", "--json"}));
    for (const Json& one : bindings.at(0)["holders"]) {
      if (one["pid"] == orphan) {
        return one["ppid"];
      }
    }
    return {};
  };
  EXPECT_EQ(parent_of(), parent->pid());
  const pid_t gone = parent->pid();
  parent->kill_and_reap();
  EXPECT_NE(parent_of(), gone);
  kill(orphan, SIGKILL);
  close(pids_of[0]);
  close(pids_of[1]);
}

}  // namespace
}  // namespace portwatch::test
