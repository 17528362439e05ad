#include "cli/become_daemon.h"
#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

class Config : public CommandTest {};

TEST_F(Config, Check_BecomesTheDaemon) {
  EXPECT_EQ(run({"config", "check"}), kYes);
  EXPECT_EQ(backends.became, (std::vector<std::string>{"--check-config"}));
}

TEST_F(Config, ShowPrivate_PassesTheDirectory) {
  EXPECT_EQ(run({"config", "show", "--private", "/tmp/d"}), kYes);
  EXPECT_EQ(backends.became,
            (std::vector<std::string>{"--show-config", "--private", "/tmp/d"}));
}

TEST_F(Config, ExitCode_IsTheDaemons) {
  backends.become_result = 1;
  EXPECT_EQ(run({"config", "check"}), 1);
}

TEST_F(Config, NoDaemonProgram_CannotKnow) {
  backends.become_result = Error{Errc::not_found, "portwatchd is not installed"};
  EXPECT_EQ(run({"config", "check"}), kCannotKnow);
  EXPECT_EQ(err.text, "portwatch: portwatchd is not installed\n");
}

TEST(DaemonPlaces, OwnDirectoryFirst_ThenSystemThenPath) {
  EXPECT_EQ(daemon_places("/opt/bin/portwatch", "/a::/b"),
            (std::vector<std::string>{
                "/opt/bin/portwatchd", "/opt/bin/../sbin/portwatchd",
                "/usr/sbin/portwatchd", "/usr/local/sbin/portwatchd",
                "/a/portwatchd", "/b/portwatchd"}));
}

TEST(DaemonPlaces, OwnProgramUnknown_SystemFirst) {
  EXPECT_EQ(daemon_places("", "").front(), "/usr/sbin/portwatchd");
}

}  // namespace
}  // namespace portwatch::cli
