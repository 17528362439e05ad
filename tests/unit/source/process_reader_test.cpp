// Against the real /proc, with children of our own, and against a directory that
// looks like one.
#include "userspace/source/process_reader.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/support/child.h"
#include "tests/support/temp_dir.h"

namespace portwatch {
namespace {

namespace fs = std::filesystem;

class ProcessReaderTest : public testing::Test {
 protected:
  SystemClock clock_;
  ProcessReader reader_{clock_};
};

TEST_F(ProcessReaderTest, Self_IsFullyKnown) {
  const auto self = reader_.read(getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(self->id.pid, getpid());
  EXPECT_EQ(self->ppid, getppid());
  EXPECT_EQ(self->uid, geteuid());
  EXPECT_EQ(self->exe, fs::read_symlink("/proc/self/exe").string());
  ASSERT_TRUE(self->cmdline);
  EXPECT_FALSE(self->cmdline->empty());
  EXPECT_TRUE(self->cgroup);
  EXPECT_FALSE(self->orphan) << "nobody has looked for that";
}

TEST_F(ProcessReaderTest, StartTime_IsInThePastAndStaysTheSame) {
  const auto first = reader_.read(getpid());
  const auto second = reader_.read_brief(getpid());
  ASSERT_TRUE(first && second && first->start_time && second->start_time);
  EXPECT_EQ(first->start_time, second->start_time);
  EXPECT_LE(*first->start_time, clock_.wall_now() + std::chrono::milliseconds(10));
}

TEST_F(ProcessReaderTest, NameWithParenthesis_IsRead) {
  const test::Child child([] { prctl(PR_SET_NAME, "a) S (b c"); });
  const auto process = reader_.read(child.pid());
  ASSERT_TRUE(process);
  EXPECT_EQ(process->name, "a) S (b c");
  EXPECT_EQ(process->ppid, getpid());
}

TEST_F(ProcessReaderTest, NoSuchProcess_IsNothing) {
  EXPECT_FALSE(reader_.read(pid_t{0x7ffffff}));
  EXPECT_FALSE(reader_.read(pid_t{-1}));
}

TEST_F(ProcessReaderTest, OtherStart_IsAnotherProcess) {
  const auto self = reader_.read(getpid());
  ASSERT_TRUE(self);
  EXPECT_TRUE(reader_.read(self->id));
  EXPECT_FALSE(reader_.read(ProcessId{getpid(), self->id.start_ticks - 1}));
}

TEST_F(ProcessReaderTest, Opened_IsReadAgainUntilItEnds) {
  auto child = std::make_unique<test::Child>([] {});
  const auto process = reader_.read(child->pid());
  ASSERT_TRUE(process);
  auto opened = reader_.open(process->id);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->process, *process);
  EXPECT_TRUE(opened->refresh());
  EXPECT_EQ(opened->process, *process);
  child.reset();
  EXPECT_FALSE(opened->refresh());
  EXPECT_FALSE(reader_.open(process->id));
}

TEST_F(ProcessReaderTest, Zombie_HasANameAndNoCommandLine) {
  const pid_t pid = fork();
  if (pid == 0) {
    _exit(0);
  }
  siginfo_t ended{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT), 0);
  const auto zombie = reader_.read(pid);
  waitpid(pid, nullptr, 0);
  ASSERT_TRUE(zombie);
  EXPECT_TRUE(zombie->name);
  EXPECT_FALSE(zombie->cmdline);
  EXPECT_FALSE(zombie->exe);
}

TEST_F(ProcessReaderTest, Ancestors_LeadUpwards) {
  const auto self = reader_.read(getpid());
  ASSERT_TRUE(self);
  const auto line = reader_.ancestors(*self);
  ASSERT_FALSE(line.empty());
  EXPECT_EQ(line.front().id.pid, getppid());
  EXPECT_EQ(line.back().ppid.value_or(0), 0) << "the last one has no parent";
}

TEST_F(ProcessReaderTest, UserName_OfRootAndOfNobodyInTheDatabase) {
  EXPECT_EQ(reader_.user_name(0), "root");
  EXPECT_FALSE(reader_.user_name(uid_t{3999999999}));
}

class FakeProc : public testing::Test {
 protected:
  void put(pid_t pid, const std::string& file, const std::string& text) const {
    fs::create_directories(root_ / std::to_string(pid));
    std::ofstream(root_ / std::to_string(pid) / file) << text;
  }
  void put_stat(pid_t pid, pid_t ppid, int start) const {
    put(pid, "stat",
        std::to_string(pid) + " (p) S " + std::to_string(ppid) +
            " 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " + std::to_string(start) +
            " 0\n");
  }

  const test::TempDir directory_;
  const fs::path root_ = directory_.path();
  SystemClock clock_;
};

TEST_F(FakeProc, UnreadableParts_AreUnknownAndTheRestIsTold) {
  put_stat(5, 1, 100);
  ProcessReader reader(clock_, root_.string());
  const auto process = reader.read(pid_t{5});
  ASSERT_TRUE(process);
  EXPECT_EQ(process->name, "p");
  EXPECT_FALSE(process->exe || process->cmdline || process->uid || process->user ||
               process->cgroup || process->unit || process->container);
}

TEST_F(FakeProc, DeletedExe_KeepsTheKernelsMark) {
  put_stat(5, 1, 100);
  fs::create_symlink("/opt/server (deleted)", root_ / "5" / "exe");
  EXPECT_EQ(ProcessReader(clock_, root_.string()).read(pid_t{5})->exe,
            "/opt/server (deleted)");
}

TEST_F(FakeProc, Cgroup_GivesUnitAndContainer) {
  put_stat(5, 1, 100);
  put(5, "cgroup", "0::/lxc.payload.web/system.slice/ssh.service\n");
  const auto process = ProcessReader(clock_, root_.string()).read(pid_t{5});
  EXPECT_EQ(process->unit, "ssh.service");
  EXPECT_EQ(process->container, "lxc:web");
}

TEST_F(FakeProc, ParentYoungerThanItsChild_IsNotItsParent) {
  put_stat(9, 8, 100);
  put_stat(8, 7, 200);  // the number was given to somebody else since
  ProcessReader reader(clock_, root_.string());
  EXPECT_TRUE(reader.ancestors(*reader.read(pid_t{9})).empty());
}

TEST_F(FakeProc, ParentsInACircle_End) {
  put_stat(9, 8, 100);
  put_stat(8, 9, 100);
  ProcessReader reader(clock_, root_.string());
  EXPECT_EQ(reader.ancestors(*reader.read(pid_t{9})).size(), 32u);
}

}  // namespace
}  // namespace portwatch
