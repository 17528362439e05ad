// host.h - a host in small: a network namespace, a private daemon, the command.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/child.h"
#include "tests/support/command.h"
#include "tests/support/fresh_netns.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_dir.h"

namespace portwatch::test {

using Json = nlohmann::json;

// Ordinary users of a Debian host: nobody, and daemon as the other one.
inline constexpr uid_t kNobody = 65534;

class Host : public ::testing::Test {
 protected:
  void TearDown() override { daemon_.reset(); }

  std::string socket_path() const { return directory_ / "io.portwatch"; }

  std::unique_ptr<Background> make_daemon(
      const std::vector<std::string>& extra = {}) {
    std::vector<std::string> argv = {PORTWATCHD, "--private", directory_.path()};
    argv.insert(argv.end(), extra.begin(), extra.end());
    return std::make_unique<Background>(argv, true);
  }
  void start_daemon(const std::vector<std::string>& extra = {}) {
    daemon_ = make_daemon(extra);
    if (!daemon_->was_ready()) {
      daemon_->stop(SIGKILL);
      FAIL() << "portwatchd did not start: " << daemon_->errors();
    }
  }

  // portwatch with --socket of our daemon.
  CommandResult ask(std::vector<std::string> arguments,
                    const CommandOptions& options = {}) const {
    arguments.insert(arguments.begin(), {PORTWATCH, "--socket", socket_path()});
    return run_command(arguments, options);
  }
  static CommandResult ask_nobody(std::vector<std::string> arguments,
                                  const CommandOptions& options = {}) {
    arguments.insert(arguments.begin(), PORTWATCH);
    arguments.push_back("--no-daemon");
    return run_command(arguments, options);
  }

  // False on a host whose pid 1 keeps even root out of /proc/1/fd: there the
  // backends that read /proc must say partial, and be right.
  static bool proc_shows_all() {
    char target[64];
    return readlink("/proc/1/fd/0", target, sizeof target) > 0;
  }

  // The bindings of a --json answer that are in our namespace.
  std::vector<Json> ours(const CommandResult& result) const {
    const auto document = Json::parse(result.out, nullptr, false);
    EXPECT_TRUE(document.is_object()) << result.out << result.err;
    std::vector<Json> bindings;
    for (const auto& binding : document.value("bindings", Json::array())) {
      if (binding["netns"] == netns_.inode()) {
        bindings.push_back(binding);
      }
    }
    return bindings;
  }
  static std::vector<pid_t> pids(const Json& binding) {
    std::vector<pid_t> all;
    for (const auto& holder : binding["holders"]) {
      all.push_back(holder["pid"]);
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  FreshNetns netns_;
  const TempDir directory_;
  std::unique_ptr<Background> daemon_;
};

}  // namespace portwatch::test
