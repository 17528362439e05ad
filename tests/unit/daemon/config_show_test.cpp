#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <filesystem>

#include "tests/unit/daemon/config_file.h"
#include "userspace/daemon/config_command.h"

namespace portwatch {
namespace {

class ConfigShowTest : public test::ConfigFileTest {
 protected:
  // "key = value  # origin" of show_config().
  static std::string line_of(const std::string& shown, const std::string& key) {
    const auto begin = shown.find("\n" + key + " = ") + 1;
    EXPECT_NE(begin, 0u) << key;
    return shown.substr(begin, shown.find('\n', begin) - begin);
  }
};

constexpr const char* kEverything =
    "[log]\nlevel = \"debug\"\n[snapshot]\ninterval = \"90s\"\n"
    "[ring]\nsize = \"512KiB\"\n[ebpf]\npins = \"\"\nbind_results = \"none\"\n"
    "[limits]\nclients = 9\n[events]\nrecent = 0\n"
    "[containers]\ndocker = []\npodman = [\"/a\", \"/b\"]\n"
    "[detect.bind_failures]\nburst = 3\ninterval = \"2m\"\n"
    "[detect.crash_loop]\nburst = 4\ninterval = \"1d\"\nreset_after = \"61s\"\n"
    "[detect.time_wait]\nthreshold = 7\n"
    "[history]\npath = \"/a \\\"b\\\"\\\\\"\nmax_size = \"2GiB\"\nmax_age = "
    "\"90d\"\n"
    "[[hook]]\non = [\"orphan\"]\nports = [1, 2]\nunits = [\"a\"]\nusers = "
    "[\"b\"]\n"
    "exec = [\"/bin/echo\", \"a\\n\\\"\"]\ntimeout = \"1ms\"\ncooldown = \"0s\"\n"
    "[[hook]]\non = [\"crashLoop\"]\nwebhook = \"http://a/\"\nretries = 5\n";

TEST_F(ConfigShowTest, WhatIsShown_ConfiguresTheSame) {
  const Config config = config_of(kEverything);
  const std::string shown = show_config(config);
  const Config again = config_of(shown);
  EXPECT_EQ(again.log_level, config.log_level);
  EXPECT_EQ(again.history.path, "/a \"b\"\\");
  EXPECT_EQ(again.hooks[0].exec, (std::vector<std::string>{"/bin/echo", "a\n\""}));
  ASSERT_EQ(again.hooks.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    HookRule hook = again.hooks[i];
    hook.origin = config.hooks[i].origin;
    EXPECT_EQ(hook, config.hooks[i]);
  }
  // All that is written has its value and its key in the text, so no key is
  // missing.
  const toml::table written = toml::parse(std::string_view(kEverything));
  toml::table read = toml::parse(shown);
  read["hook"][0].as_table()->erase("retries");
  for (const char* const added : {"timeout", "cooldown"}) {
    read["hook"][1].as_table()->erase(added);
  }
  EXPECT_EQ(read, written);
}

TEST_F(ConfigShowTest, EveryValue_SaysWhereItIsFrom) {
  const auto config = load_config(
      {file("a.toml", "[log]\nlevel = \"debug\"\n\n[limits]\nclients = 9\n"),
       file("b.toml",
            "[limits]\nclients = 10\n[[hook]]\non = [\"orphan\"]\n"
            "webhook = \"http://a/\"\n")});
  ASSERT_TRUE(config) << config.error().context;
  const std::string shown = show_config(*config);
  EXPECT_EQ(line_of(shown, "level"),
            "level = \"debug\"  # " + directory_ / "a.toml:2");
  EXPECT_EQ(line_of(shown, "clients"),
            "clients = 10  # " + directory_ / "b.toml:2");
  EXPECT_EQ(line_of(shown, "recent"), "recent = 1024  # default");
  EXPECT_NE(shown.find("\n[[hook]]  # " + directory_ / "b.toml:3\n"),
            std::string::npos);
  EXPECT_EQ(line_of(shown, "on"),
            "on = [\"orphan\"]  # " + directory_ / "b.toml:4");
  EXPECT_EQ(line_of(shown, "retries"), "retries = 2  # default");
}

TEST_F(ConfigShowTest, Defaults_AreShownToo) {
  const std::string shown = show_config(Config());
  EXPECT_EQ(line_of(shown, "size"), "size = \"8MiB\"  # default");
  EXPECT_EQ(line_of(shown, "interval"), "interval = \"1s\"  # default");
  EXPECT_EQ(line_of(shown, "path"), "path = \"\"  # default");
  EXPECT_EQ(line_of(shown, "max_age"), "max_age = \"30d\"  # default");
}

TEST_F(ConfigShowTest, ShowOfAPrivateDaemon_ReadsItsFile) {
  file("portwatchd.toml", "[limits]\nclients = 9\n");
  testing::internal::CaptureStdout();
  const int code = print_config(directory_.path());
  const std::string shown = testing::internal::GetCapturedStdout();
  EXPECT_EQ(code, 0);
  EXPECT_EQ(line_of(shown, "clients"),
            "clients = 9  # " + directory_ / "portwatchd.toml:2");
  EXPECT_EQ(line_of(shown, "path"),
            "path = \"" + directory_ / "history.db" + "\"  # default");
}

TEST_F(ConfigShowTest, Check_NamesTheFilesOrTheMistake) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(check_config(directory_.path()), 0);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  const std::string path = file("portwatchd.toml", "[limits]\nclients = 9\n");
  testing::internal::CaptureStdout();
  EXPECT_EQ(check_config(directory_.path()), 0);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), path + ": ok\n");
  file("portwatchd.toml", "[limits]\nclints = 9\n");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(check_config(directory_.path()), 2);
  EXPECT_EQ(print_config(directory_.path()), 2);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  const std::string mistake = path + ":2: unknown key 'limits.clints'\n";
  EXPECT_EQ(testing::internal::GetCapturedStderr(), mistake + mistake);
}

}  // namespace
}  // namespace portwatch
