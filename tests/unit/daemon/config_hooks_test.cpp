#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"
#include "tests/unit/daemon/config_file.h"

namespace portwatch {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class ConfigHooksTest : public test::ConfigFileTest {
 protected:
  // The error of a hook that has these lines and what every hook needs.
  std::string error_of_hook(const std::string& lines) {
    return error_of("[[hook]]\non = [\"orphan\"]\nexec = [\"/bin/true\"]\n" +
                    lines);
  }
};

TEST_F(ConfigHooksTest, EveryKey_IsRead) {
  const std::string program = directory_.script("notify", "");
  const Config config = config_of(
      "[[hook]]\non = [\"bindFailureLoop\", \"crashLoop\"]\nports = [80, 65535]\n"
      "units = [\"nginx.service\"]\nusers = [\"www-data\", \"1000\"]\n"
      "exec = [\"" +
      program +
      "\", \"--urgent\"]\ntimeout = \"3s\"\ncooldown = \"5m\"\n"
      "[[hook]]\non = [\"crashLoop\"]\nwebhook = \"http://127.0.0.1:9000/alert\"\n"
      "retries = 0\n");
  ASSERT_EQ(config.hooks.size(), 2u);
  const HookRule& first = config.hooks[0];
  EXPECT_EQ(first.on,
            (std::vector{ChangeType::bind_failure_loop, ChangeType::crash_loop}));
  EXPECT_EQ(first.ports, (std::vector<Port>{80, 65535}));
  EXPECT_EQ(first.units, std::vector<std::string>{"nginx.service"});
  EXPECT_EQ(first.users, (std::vector<std::string>{"www-data", "1000"}));
  EXPECT_EQ(first.exec, (std::vector<std::string>{program, "--urgent"}));
  EXPECT_EQ(first.webhook, "");
  EXPECT_EQ(first.timeout, seconds(3));
  EXPECT_EQ(first.cooldown, minutes(5));
  EXPECT_EQ(first.origin, directory_ / "good.toml:1");
  const HookRule& second = config.hooks[1];
  EXPECT_TRUE(second.exec.empty());
  EXPECT_EQ(second.webhook, "http://127.0.0.1:9000/alert");
  EXPECT_EQ(second.timeout, seconds(10));
  EXPECT_EQ(second.cooldown, milliseconds(0));
  EXPECT_EQ(second.retries, 0u);
  EXPECT_EQ(second.origin, directory_ / "good.toml:9");
}

TEST_F(ConfigHooksTest, HooksOfAllFiles_AddUp) {
  const std::string hook = "[[hook]]\non = [\"orphan\"]\nexec = [\"/bin/true\"]\n";
  const auto config =
      load_config({file("a.toml", hook + hook), file("b.toml", "\n" + hook)});
  ASSERT_TRUE(config) << config.error().context;
  ASSERT_EQ(config->hooks.size(), 3u);
  EXPECT_EQ(config->hooks[1].origin, directory_ / "a.toml:4");
  EXPECT_EQ(config->hooks[2].origin, directory_ / "b.toml:2");
}

TEST_F(ConfigHooksTest, WrongValue_SaysWhatIsExpected) {
  const std::string line = "bad.toml:4: 'hook.";
  for (const char* const value : {"80", "[0]", "[65536]", "[\"80\"]"}) {
    EXPECT_EQ(error_of_hook("ports = " + std::string(value)),
              line + "ports' must be a list of ports, as [80, 443]");
  }
  EXPECT_EQ(error_of_hook("units = \"a\""),
            line + "units' must be a list of units, as [\"nginx.service\"]");
  EXPECT_EQ(error_of_hook("users = [1000]"),
            line + "users' must be a list of users, as [\"www-data\", \"1000\"]");
  EXPECT_EQ(error_of_hook("timeout = \"0s\""),
            line + "timeout' must be a duration from \"1ms\" to \"1h\"");
  EXPECT_EQ(error_of_hook("cooldown = 5"),
            line + "cooldown' must be a duration from \"0s\" to \"365d\"");
  EXPECT_EQ(error_of_hook("retries = 11"),
            line + "retries' must be a number from 0 to 10");
  EXPECT_EQ(error_of_hook("retries = 1"), line + "retries' is for webhooks only");
  EXPECT_EQ(error_of_hook("\ncolour = 1"), "bad.toml:5: unknown key 'hook.colour'");
}

TEST_F(ConfigHooksTest, Events_MustBeKnown) {
  const std::string expected =
      "bad.toml:2: 'hook.on' must be a list of events, as [\"bindFailureLoop\", "
      "\"crashLoop\"]";
  for (const char* const value :
       {"\"crashLoop\"", "[]", "[\"crashloop\"]", "[\"crashLoop\", 1]", "[\"\"]"}) {
    EXPECT_EQ(error_of("[[hook]]\non = " + std::string(value) +
                       "\nexec = [\"/bin/true\"]\n"),
              expected);
  }
}

TEST_F(ConfigHooksTest, ExecOrWebhook_OneOfThem) {
  EXPECT_EQ(error_of("\n[[hook]]\non = [\"orphan\"]\n"),
            "bad.toml:2: the hook has neither 'exec' nor 'webhook'");
  EXPECT_EQ(error_of_hook("webhook = \"http://a/\"\n"),
            "bad.toml:1: the hook has both 'exec' and 'webhook'");
  EXPECT_EQ(error_of("[[hook]]\nexec = [\"/bin/true\"]\n"),
            "bad.toml:1: the hook has no 'on'");
}

TEST_F(ConfigHooksTest, Exec_AbsolutePathOfATrustedProgram) {
  const std::string on = "[[hook]]\non = [\"orphan\"]\n";
  for (const char* const value :
       {"\"/bin/true\"", "[]", "[\"true\"]", "[\"./true\"]", "[\"\"]", "[7]"}) {
    EXPECT_EQ(error_of(on + "exec = " + value),
              "bad.toml:3: 'hook.exec' must be a program's absolute path and its "
              "arguments, as [\"/bin/true\"]");
  }
  EXPECT_EQ(error_of(on + "exec = [\"/absent/hook\"]"),
            "bad.toml:3: 'hook.exec': /absent/hook: No such file or directory");
  const std::string open = directory_.file("open", "", 0777);
  EXPECT_EQ(error_of(on + "exec = [\"" + open + "\"]"),
            "bad.toml:3: 'hook.exec': " + open + " is writable by everybody");
}

TEST_F(ConfigHooksTest, Webhook_HttpOrHttps) {
  for (const char* const value :
       {"\"file:///etc/passwd\"", "\"a\"", "\"\"", "[]"}) {
    EXPECT_EQ(
        error_of("[[hook]]\non = [\"orphan\"]\nwebhook = " + std::string(value)),
        "bad.toml:3: 'hook.webhook' must be an http or https URL");
  }
}

TEST_F(ConfigHooksTest, NoListOfTables_IsAnError) {
  for (const char* const text : {"hook = 1", "hook = [1]", "[hook]\non = []"}) {
    EXPECT_EQ(error_of(text),
              "bad.toml:1: 'hook' must be a list of tables: [[hook]]");
  }
}

// What follows is about root, whom the file gives orders.

TEST_F(ConfigHooksTest, FileThatOthersCanWrite_IsRefused) {
  ASSERT_EQ(geteuid(), 0u) << "needs root";
  const std::string open =
      directory_.file("open.toml", "[log]\nlevel = \"debug\"\n", 0666);
  const auto refused = load_config({open});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().context, open + ": portwatchd obeys it as root, but " +
                                         open + " is writable by everybody");
}

TEST_F(ConfigHooksTest, FileOfAnotherUser_IsRefused) {
  const std::string path = file("other.toml", "[log]\nlevel = \"debug\"\n");
  ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0) << "needs root";
  const auto refused = load_config({path});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().context, path + ": portwatchd obeys it as root, but " +
                                         path + " belongs to user 65534");
}

TEST_F(ConfigHooksTest, FileInATemporaryDirectory_IsRefused) {
  ASSERT_EQ(geteuid(), 0u) << "needs root";
  const test::TempDir temporary;
  const std::string path = temporary.path() + ".toml";  // beside it, not in it
  std::ofstream(path) << "[log]\nlevel = \"debug\"\n";
  const auto refused = load_config({path});
  std::filesystem::remove(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      refused.error().context,
      path + ": portwatchd obeys it as root, but /tmp is writable by everybody");
}

}  // namespace
}  // namespace portwatch
