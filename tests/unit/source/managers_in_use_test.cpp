#include "userspace/source/managers_in_use.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace portwatch {
namespace {

TEST(ManagersInUse, ThoseWithAProcess_Once) {
  const test::TempDir proc;
  const std::string id(64, 'a');
  const std::string cgroups[] = {"/system.slice/ssh.service", "/docker/" + id,
                                 "/docker/" + std::string(64, 'b'),
                                 "/machine.slice/libpod-" + id + ".scope"};
  int pid = 100;
  for (const std::string& cgroup : cgroups) {
    const std::string directory = proc / std::to_string(++pid);
    std::filesystem::create_directory(directory);
    std::ofstream(directory + "/cgroup") << "0::" << cgroup << "\n";
  }
  std::filesystem::create_directory(proc / "999");  // has just ended
  EXPECT_EQ(managers_in_use(proc.path()),
            (std::set<std::string>{"docker", "podman"}));
  EXPECT_TRUE(managers_in_use(proc / "nowhere").empty());
}

}  // namespace
}  // namespace portwatch
