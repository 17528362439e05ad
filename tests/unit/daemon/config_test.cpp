#include "userspace/daemon/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include "tests/support/temp_dir.h"

namespace portwatch {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    const std::string path = directory_ / name;
    std::ofstream(path) << text;
    return path;
  }
  std::string error_of(const std::string& text) {
    const std::string path = file("bad.toml", text);
    const auto config = load_config({path});
    EXPECT_FALSE(config) << text;
    return config ? ""
                  : config.error().context.substr(directory_.path().size() + 1);
  }

  const test::TempDir directory_;
};

TEST_F(ConfigTest, NoFile_Defaults) {
  const auto config = load_config({directory_ / "absent.toml"});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->log_level, "info");
  EXPECT_EQ(config->max_clients, 512u);
  EXPECT_EQ(config->runtime_sockets, default_runtime_sockets());
}

TEST_F(ConfigTest, Pins_PathsThatTheKernelTakes) {
  const auto config =
      load_config({file("a.toml", "[ebpf]\npins = \"/sys/fs/bpf/a\"")});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->pin_directory, "/sys/fs/bpf/a");
  for (const char* wrong : {"\"bpf/a\"", "\"/sys/fs/bpf/a.b\"", "7"}) {
    EXPECT_EQ(error_of(std::string("[ebpf]\npins = ") + wrong),
              "bad.toml:2: 'ebpf.pins' must be an absolute path without dots in a "
              "bpf file system, or \"\"");
  }
}

TEST_F(ConfigTest, FileThatCannotBeLookedFor_IsAnErrorNotTheDefaults) {
  const auto config = load_config({directory_ / std::string(300, 'x')});
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().context.find("cannot look for"), std::string::npos);
}

TEST_F(ConfigTest, EveryKey_IsRead) {
  const auto config = load_config(
      {file("a.toml",
            "[log]\nlevel = \"debug\"\n[snapshot]\ninterval = \"250ms\"\n"
            "[ring]\nsize = \"512KiB\"\n[limits]\nclients = 9\n"
            "[events]\nrecent = 0\n"
            "[containers]\ndocker = [\"/a\", \"/b\"]\npodman = []\n")});
  ASSERT_TRUE(config) << config.error().context;
  EXPECT_EQ(config->log_level, "debug");
  EXPECT_EQ(config->snapshot_interval, std::chrono::milliseconds(250));
  EXPECT_EQ(config->ring_bytes, 512u * 1024);
  EXPECT_EQ(config->max_clients, 9u);
  EXPECT_EQ(config->recent_events, 0u);
  EXPECT_EQ(config->runtime_sockets,
            (RuntimeSockets{{"docker", {"/a", "/b"}}, {"podman", {}}}));
}

TEST_F(ConfigTest, LaterFile_OverridesKeyByKey) {
  const auto config = load_config(
      {file("a.toml", "[log]\nlevel = \"debug\"\n[limits]\nclients = 9\n"),
       file("b.toml", "[limits]\nclients = 10\n")});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->log_level, "debug");
  EXPECT_EQ(config->max_clients, 10u);
}

TEST_F(ConfigTest, UnknownKey_FileLineAndName) {
  EXPECT_EQ(error_of("[log]\nlevel = \"info\"\ncolour = 1\n"),
            "bad.toml:3: unknown key 'log.colour'");
  EXPECT_EQ(error_of("\n[nonsense]\nx = 1\n"),
            "bad.toml:2: unknown key 'nonsense'");
}

TEST_F(ConfigTest, WrongTypeOrValue_SaysWhatIsExpected) {
  EXPECT_EQ(error_of("[limits]\nclients = \"many\"\n"),
            "bad.toml:2: 'limits.clients' must be a number from 8 to 65536");
  EXPECT_EQ(error_of("[limits]\nclients = 1\n").rfind("bad.toml:2", 0), 0u);
  EXPECT_EQ(error_of("[snapshot]\ninterval = 5\n").rfind("bad.toml:2", 0), 0u);
  EXPECT_EQ(error_of("[snapshot]\ninterval = \"-1s\"\n").rfind("bad.toml:2", 0),
            0u);
  EXPECT_EQ(error_of("[ring]\nsize = \"2GB\"\n").rfind("bad.toml:2", 0), 0u);
  EXPECT_EQ(error_of("[log]\nlevel = \"loud\"\n").rfind("bad.toml:2", 0), 0u);
  for (const char* const value :
       {"\"/a\"", "[7]", "[\"\"]", "[\"docker.sock\"]", "[[\"/a\"]]", "true"}) {
    EXPECT_EQ(error_of(std::string("[containers]\ndocker = ") + value),
              "bad.toml:2: 'containers.docker' must be a list of absolute paths, "
              "as [\"/run/docker.sock\"]");
  }
  EXPECT_EQ(error_of("[containers]\nrkt = []\n"),
            "bad.toml:2: unknown key 'containers.rkt'");
  EXPECT_EQ(error_of("log = 3\n").rfind("bad.toml:1", 0), 0u);
}

TEST_F(ConfigTest, BrokenToml_FileAndLine) {
  EXPECT_EQ(error_of("[log]\nlevel = \n").rfind("bad.toml:2", 0), 0u);
}

}  // namespace
}  // namespace portwatch
