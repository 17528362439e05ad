#include "userspace/source/read_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace portwatch {
namespace {

void write_file(const std::string& path, const char* text) {
  std::ofstream(path) << text;
}

TEST(KeptFile, IsReadAnewEachTime) {
  const test::TempDir directory;
  const std::string path = directory / "file";
  write_file(path, "one");
  KeptFile file;
  EXPECT_EQ(file.read_at(AT_FDCWD, path.c_str()), "one");
  write_file(path, "another");
  EXPECT_EQ(file.read_at(AT_FDCWD, path.c_str()), "another");
}

TEST(KeptFile, MissingFile_IsTriedAgain) {
  const test::TempDir directory;
  const std::string path = directory / "file";
  KeptFile file;
  EXPECT_FALSE(file.read_at(AT_FDCWD, path.c_str()));
  write_file(path, "here");
  EXPECT_EQ(file.read_at(AT_FDCWD, path.c_str()), "here");
}

// What a holder's arguments are read by: they follow an exec, and end with the
// process, whoever has its number then.
TEST(KeptFile, OfAProcess_FollowsItsExecAndEndsWithIt) {
  int go[2];
  ASSERT_EQ(pipe(go), 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte = 0;
    close(go[1]);
    if (read(go[0], &byte, 1) == 1) {
      dup2(go[0], STDIN_FILENO);
      execl("/bin/cat", "another-name", nullptr);
    }
    _exit(1);
  }
  close(go[0]);
  const std::string path = "/proc/" + std::to_string(child) + "/cmdline";
  KeptFile file;
  const auto arguments = [&] { return file.read_at(AT_FDCWD, path.c_str()); };
  const std::string wanted = std::string("another-name") + '\0';
  EXPECT_NE(arguments().value_or(wanted), wanted);
  EXPECT_EQ(write(go[1], "x", 1), 1);
  while (arguments() != wanted) {  // ctest's timeout ends it
  }
  close(go[1]);
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(arguments());
}

}  // namespace
}  // namespace portwatch
