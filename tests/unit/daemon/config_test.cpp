#include "userspace/daemon/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "tests/unit/daemon/config_file.h"

namespace portwatch {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class ConfigTest : public test::ConfigFileTest {};

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
            "[containers]\ndocker = [\"/a\", \"/b\"]\npodman = []\n"
            "[ebpf]\nbind_results = \"tracepoint\"\n"
            "[detect.bind_failures]\nburst = 3\ninterval = \"2m\"\n"
            "[detect.crash_loop]\nburst = 4\ninterval = \"1d\"\n"
            "reset_after = \"30s\"\n"
            "[detect.time_wait]\nthreshold = 7\n"
            "[history]\npath = \"/h.db\"\nmax_size = \"2GiB\"\n"
            "max_age = \"90d\"\n")});
  ASSERT_TRUE(config) << config.error().context;
  EXPECT_EQ(config->log_level, "debug");
  EXPECT_EQ(config->snapshot_interval, std::chrono::milliseconds(250));
  EXPECT_EQ(config->ring_bytes, 512u * 1024);
  EXPECT_EQ(config->max_clients, 9u);
  EXPECT_EQ(config->recent_events, 0u);
  EXPECT_EQ(config->runtime_sockets,
            (RuntimeSockets{{"docker", {"/a", "/b"}}, {"podman", {}}}));
  EXPECT_EQ(config->bind_results, "tracepoint");
  EXPECT_EQ(config->bind_failures.burst, 3u);
  EXPECT_EQ(config->bind_failures.interval, minutes(2));
  EXPECT_EQ(config->crash_loop.burst, 4u);
  EXPECT_EQ(config->crash_loop.interval, hours(24));
  EXPECT_EQ(config->crash_loop.reset_after, seconds(30));
  EXPECT_EQ(config->time_wait_threshold, 7u);
  EXPECT_EQ(config->history.path, "/h.db");
  EXPECT_EQ(config->history.max_bytes, 2ull << 30);
  EXPECT_EQ(config->history.max_age, hours(24 * 90));
}

TEST_F(ConfigTest, Defaults_AreThoseOfTheContract) {
  const Config config = config_of("");
  EXPECT_EQ(config.bind_results, "auto");
  EXPECT_EQ(config.bind_failures.burst, 5u);
  EXPECT_EQ(config.bind_failures.interval, seconds(60));
  EXPECT_EQ(config.crash_loop.burst, 5u);
  EXPECT_EQ(config.crash_loop.interval, hours(1));
  EXPECT_EQ(config.crash_loop.reset_after, minutes(10));
  EXPECT_EQ(config.history.max_bytes, 64ull << 20);
  EXPECT_EQ(config.history.max_age, hours(24 * 30));
  EXPECT_TRUE(config.hooks.empty());
}

TEST_F(ConfigTest, Places_DependOnWhoseDaemonItIs) {
  EXPECT_EQ(default_config("").history.path, "/var/lib/portwatch/history.db");
  EXPECT_EQ(default_config("").pin_directory, "/sys/fs/bpf/portwatch");
  EXPECT_EQ(default_config("/p").history.path, "/p/history.db");
  EXPECT_EQ(default_config("/p").pin_directory, "");
  EXPECT_EQ(default_config("p").history.path,
            (std::filesystem::current_path() / "p/history.db").string());
}

TEST_F(ConfigTest, Durations_EveryUnit) {
  for (const auto& [text, span] : std::map<std::string, std::chrono::milliseconds>{
           {"250ms", std::chrono::milliseconds(250)},
           {"90s", seconds(90)},
           {"2m", minutes(2)},
           {"1h", hours(1)},
           {"1d", hours(24)}}) {
    EXPECT_EQ(
        config_of("[snapshot]\ninterval = \"" + text + "\"\n").snapshot_interval,
        span);
  }
  for (const char* const wrong : {"", "1", "s", "1.5s", "-1s", "0s", "1w", "1 s",
                                  "2d", "99999999999999999999s"}) {
    EXPECT_EQ(error_of("[snapshot]\ninterval = \"" + std::string(wrong) + "\"\n"),
              "bad.toml:2: 'snapshot.interval' must be a duration from \"1ms\" to "
              "\"1d\"");
  }
}

TEST_F(ConfigTest, EveryNewKey_SaysWhatItMustBe) {
  const std::string span = "a duration from \"1s\" to \"365d\"";
  const std::string burst = "a number from 1 to 1000";
  struct Case {
    const char* section;
    const char* line;
    const char* key;
    std::string expected;
  };
  for (const Case& wrong : std::vector<Case>{
           {"ebpf", "bind_results = \"fentry\"", "bind_results",
            "one of auto, task_work, tracepoint, none"},
           {"detect.bind_failures", "burst = 0", "burst", burst},
           {"detect.bind_failures", "interval = \"500ms\"", "interval", span},
           {"detect.bind_failures", "interval = \"1500ms\"", "interval", span},
           {"detect.crash_loop", "burst = 1001", "burst", burst},
           {"detect.crash_loop", "interval = 60", "interval", span},
           {"detect.crash_loop", "reset_after = \"366d\"", "reset_after", span},
           {"detect.time_wait", "threshold = true", "threshold",
            "a number from 1 to 1000000"},
           {"history", "path = \"history.db\"", "path",
            "an absolute path, or \"\""},
           {"history", "max_size = \"1KiB\"", "max_size",
            "a size from \"1MiB\" to \"1024GiB\""},
           {"history", "max_age = \"1s\"", "max_age",
            "a duration from \"1m\" to \"3650d\""},
       }) {
    const std::string section = wrong.section;
    EXPECT_EQ(error_of("[" + section + "]\n" + wrong.line + "\n"),
              "bad.toml:2: '" + section + "." + wrong.key + "' must be " +
                  wrong.expected);
  }
  EXPECT_EQ(error_of("[detect]\nburst = 1\n"),
            "bad.toml:2: unknown key 'detect.burst'");
  EXPECT_EQ(error_of("[detect.crash_loop]\nwindow = 1\n"),
            "bad.toml:2: unknown key 'detect.crash_loop.window'");
  EXPECT_EQ(error_of("detect = 1\n"), "bad.toml:1: unknown key 'detect'");
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
