// details.bpf.h: what a record still knows of a process that is gone.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tests/bpf/recorder.h"
#include "tests/support/foreign_program.h"
#include "tests/support/temp_dir.h"
#include "userspace/source/process_reader.h"

namespace portwatch::test {
namespace {

class FailureDetails : public HookTest {
 protected:
  // Fails to bind in a child that has done `first`, and is gone then.
  TaskDetails details_after(const std::function<void()>& first) {
    const UniqueFd holder = listening_socket("127.0.0.1", 7401);
    const pid_t pid = fork();
    if (pid == 0) {
      first();
      const int error =
          try_bind(make_socket(Family::ipv4, kTcp), "127.0.0.1", 7401);
      _exit(error == EADDRINUSE ? 0 : 1);
    }
    int status = -1;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
    const auto failures = take_failures();
    EXPECT_EQ(failures.size(), 1u);
    return failures.empty() ? TaskDetails{} : failures[0].details;
  }
};

// Fails to bind as somebody else's program. perl is in every Debian.
constexpr const char* kFails =
    "use Socket; unlink $ARGV[0]; socket(S, PF_INET, SOCK_STREAM, 6); "
    "bind(S, pack_sockaddr_in(7401, inet_aton('127.0.0.1'))) ? exit(1) : exit(0);";

TEST_F(FailureDetails, ProcessThatIsGone_ProgramArgumentsCgroupAndParents) {
  const TaskDetails details = details_after([] {});
  const SystemClock clock;
  ProcessReader reader(clock);
  const auto self = reader.read(getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(details.exe, self->exe);
  EXPECT_EQ(details.argv, self->cmdline);
  EXPECT_FALSE(details.argv_cut);
  EXPECT_EQ(details.cgroup.substr(0, 1), "/");
  const auto above = reader.ancestors(*self);
  ASSERT_FALSE(details.parents.empty());
  EXPECT_EQ(details.parents[0].id, self->id);
  EXPECT_EQ(details.parents[0].comm, self->name);
  const std::size_t more = std::min<std::size_t>(above.size(), 7);
  ASSERT_GE(details.parents.size(), 1 + more);
  for (std::size_t i = 0; i < more; ++i) {
    EXPECT_EQ(details.parents[i + 1].id, above[i].id);
    EXPECT_EQ(details.parents[i].parent_start_ticks, above[i].id.start_ticks);
  }
}

TEST_F(FailureDetails, LongArguments_AreCutAndSaySo) {
  const std::string large(1000, 'x');
  const TaskDetails details = details_after([&] {
    execl("/usr/bin/perl", "perl", "-e", kFails, large.c_str(), nullptr);
  });
  ASSERT_EQ(details.argv.size(), 4u);
  EXPECT_EQ(details.argv[2], kFails);
  EXPECT_EQ(details.argv[3], std::string(512 - 9 - std::strlen(kFails), 'x'));
  EXPECT_TRUE(details.argv_cut);
}

TEST_F(FailureDetails, DeepCgroup_ItsWholePath) {
  const FreshCgroup cgroup("/kubepods/pod12345678_1234_1234_1234_123456789012/" +
                           std::string(64, 'a'));
  const TaskDetails details = details_after([&] { cgroup.take_in(getpid()); });
  EXPECT_EQ(cgroup_root_path() + details.cgroup, cgroup.path());
}

TEST_F(FailureDetails, CgroupDeeperThanTheRecord_NotReadRatherThanWrong) {
  const std::string name = "/" + std::string(150, 'b');
  const FreshCgroup cgroup(name + name + name);
  const TaskDetails details = details_after([&] { cgroup.take_in(getpid()); });
  EXPECT_EQ(details.cgroup, "");
}

TEST_F(FailureDetails, ProgramThatWasUnlinked_SaysSo) {
  const TempDir place;
  const std::string program = place / "perl";
  std::filesystem::copy_file("/usr/bin/perl", program);
  const TaskDetails details = details_after([&] {
    execl(program.c_str(), "perl", "-e", kFails, program.c_str(), nullptr);
  });
  EXPECT_EQ(details.exe, program + " (deleted)");
}

}  // namespace
}  // namespace portwatch::test
