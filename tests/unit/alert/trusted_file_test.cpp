#include "userspace/alert/trusted_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/temp_dir.h"
#include "tests/support/trusted_dir.h"

namespace portwatch {
namespace {

constexpr uid_t kNobody = 65534;

class TrustedFileTest : public testing::Test {
 protected:
  std::string error_of(const std::string& path) {
    const auto checked = check_hook_file(path);
    EXPECT_FALSE(checked) << path;
    return checked ? "" : checked.error().context;
  }
  std::string directory(const std::string& name, mode_t mode) {
    const std::string path = directory_ / name;
    std::filesystem::create_directory(path);
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }

  const test::TrustedDir directory_;
};

TEST_F(TrustedFileTest, OwnProgram_Passes) {
  const auto checked = check_hook_file(directory_.script("hook", ""));
  EXPECT_TRUE(checked) << checked.error().context;
}

TEST_F(TrustedFileTest, SystemsProgram_PassesThroughLinks) {
  const auto checked = check_hook_file("/bin/sh");
  EXPECT_TRUE(checked) << checked.error().context;
}

TEST_F(TrustedFileTest, WritableFile_IsNamed) {
  const std::string path = directory_.file("hook", "", 0775);
  EXPECT_EQ(error_of(path), path + " is writable by its group");
  chmod(path.c_str(), 0757);
  EXPECT_EQ(error_of(path), path + " is writable by everybody");
}

TEST_F(TrustedFileTest, FileOfAnotherUser_IsNamed) {
  const std::string path = directory_.script("hook", "");
  ASSERT_EQ(chown(path.c_str(), kNobody, kNobody), 0) << "needs root";
  EXPECT_EQ(error_of(path), path + " belongs to user 65534");
}

TEST_F(TrustedFileTest, WritableDirectoryAbove_IsNamed) {
  const std::string open = directory("open", 0777);
  std::filesystem::create_directory(open + "/closed");
  directory_.script("open/closed/hook", "");
  EXPECT_EQ(error_of(open + "/closed/hook"), open + " is writable by everybody");
}

TEST_F(TrustedFileTest, StickyDirectory_OnlyDirectoriesInItAreTrusted) {
  const test::TempDir temporary;
  const std::string hook = directory_.script("hook", "");
  std::filesystem::copy_file(hook, temporary / "hook");
  EXPECT_TRUE(check_hook_file(temporary / "hook"));
  const std::string place = temporary.path() + ".file";
  std::filesystem::copy_file(hook, place);
  EXPECT_EQ(error_of(place), "/tmp is writable by everybody");
  std::filesystem::remove(place);
  std::filesystem::create_directory_symlink(temporary.path(), place);
  EXPECT_EQ(error_of(place + "/hook"), "/tmp is writable by everybody");
  std::filesystem::remove(place);
}

TEST_F(TrustedFileTest, Link_ItsDirectoriesCountToo) {
  const std::string open = directory("open", 0777);
  directory_.script("hook", "");
  std::filesystem::create_symlink(directory_ / "hook", open + "/link");
  std::filesystem::create_symlink(open + "/link", directory_ / "link");
  EXPECT_EQ(error_of(directory_ / "link"), open + " is writable by everybody");
  std::filesystem::create_symlink("open/../hook", directory_ / "relative");
  EXPECT_EQ(error_of(directory_ / "relative"), open + " is writable by everybody");
  std::filesystem::create_symlink("./hook", directory_ / "fine");
  EXPECT_TRUE(check_hook_file(directory_ / "fine"));
}

TEST_F(TrustedFileTest, LinkToItself_Ends) {
  std::filesystem::create_symlink("loop", directory_ / "loop");
  EXPECT_EQ(error_of(directory_ / "loop"),
            directory_ / "loop" + ": Too many levels of symbolic links");
}

TEST_F(TrustedFileTest, NoProgram_SaysWhatItIs) {
  EXPECT_EQ(error_of(directory_ / "absent"),
            directory_ / "absent" + ": No such file or directory");
  EXPECT_EQ(error_of(directory_.path()), directory_.path() + " is no regular file");
  EXPECT_EQ(error_of(directory_.file("text", "")),
            directory_ / "text" + " is not executable");
  EXPECT_EQ(error_of("hook"), "hook is not an absolute path");
  EXPECT_EQ(error_of(""), " is not an absolute path");
}

TEST_F(TrustedFileTest, Text_IsReadWholeOrNotAtAll) {
  const std::string text(100'000, 'x');
  const std::string path = directory_.file("text", text);
  const auto read = read_trusted(path);
  ASSERT_TRUE(read) << read.error().context;
  EXPECT_EQ(*read, text);
  chmod(path.c_str(), 0666);
  const auto refused = read_trusted(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_permitted);
}

}  // namespace
}  // namespace portwatch
