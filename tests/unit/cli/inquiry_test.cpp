// Where the answer comes from, and what is said about it.
#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

class Inquire : public CommandTest {
 protected:
  Inquire() {
    backends.looks.front().bindings = {held(5055, process(1, "looked"))};
    backends.daemon.answer = exact({held(5055, process(2, "asked"))});
  }
  bool looked() const { return out.text.find("looked") != std::string::npos; }
  bool asked() const { return out.text.find("asked") != std::string::npos; }
};

TEST_F(Inquire, DaemonRuns_IsAskedAtTheSystemSocket) {
  start_daemon();
  EXPECT_EQ(run({"who", "5055"}), kYes);
  EXPECT_TRUE(asked());
  EXPECT_EQ(backends.daemon.asked_path, "/run/portwatch/io.portwatch");
}

TEST_F(Inquire, NoDaemon_LooksAndSaysSo) {
  EXPECT_EQ(run({"who", "5055"}), kYes);
  EXPECT_TRUE(looked());
  EXPECT_EQ(err.text, "portwatch: portwatchd is not running: looking for myself\n");
  EXPECT_NE(out.text.find("  source       sock_diag (snapshot)\n"),
            std::string::npos);
}

TEST_F(Inquire, NoDaemonForPrograms_NoTalk) {
  EXPECT_EQ(run({"who", "5055", "--json"}), kYes);
  EXPECT_EQ(err.text, "");
}

TEST_F(Inquire, OwnLook_NamesContainersAndSaysWhyNotOnlyWhenVerbose) {
  backends.looks.front().bindings.front().holders->front().container =
      "docker:0123456789ab";
  backends.container_name = "web";
  backends.container_complaints = {"docker hangs"};
  EXPECT_EQ(run({"who", "5055", "--json"}), kYes);
  EXPECT_NE(out.text.find(R"("containerName":"web")"), std::string::npos);
  EXPECT_EQ(err.text, "");
  EXPECT_EQ(run({"who", "5055", "--json", "-v"}), kYes);
  EXPECT_NE(err.text.find("portwatch: docker hangs\n"), std::string::npos);
}

TEST_F(Inquire, NoDaemonVerbose_SaysSo) {
  EXPECT_EQ(run({"who", "5055", "-v"}), kYes);
  EXPECT_EQ(
      err.text,
      "portwatch: cannot ask the daemon at /run/portwatch/io.portwatch: No such "
      "file; looking for myself instead\n");
}

TEST_F(Inquire, SocketBroken_OneLineThenLooks) {
  backends.daemon.connect_error =
      Error{Errc::not_permitted,
            "cannot connect to /run/portwatch/io.portwatch: Permission denied"};
  EXPECT_EQ(run({"who", "5055"}), kYes);
  EXPECT_TRUE(looked());
  EXPECT_EQ(err.text,
            "portwatch: cannot ask the daemon: cannot connect to "
            "/run/portwatch/io.portwatch: Permission denied; looking for myself "
            "instead\n");
}

TEST_F(Inquire, DaemonHangsOrTalksRubbish_OneLineThenLooks) {
  start_daemon();
  backends.daemon.ask_error = Error{Errc::timed_out, "did not answer in time"};
  for (const char* command : {"who", "list"}) {
    EXPECT_EQ(run(command == std::string("who")
                      ? std::vector<std::string>{command, "5055"}
                      : std::vector<std::string>{command}),
              kYes);
    EXPECT_TRUE(looked());
    EXPECT_EQ(
        err.text,
        "portwatch: cannot ask the daemon at /run/portwatch/io.portwatch: did "
        "not answer in time; looking for myself instead\n");
  }
}

TEST_F(Inquire, SocketNamed_NoFallback) {
  EXPECT_EQ(run({"who", "5055", "--socket", "/x"}), kCannotKnow);
  EXPECT_EQ(out.text, "");
  EXPECT_EQ(err.text, "portwatch: cannot ask the daemon at /x: No such file\n");
  EXPECT_EQ(run({"list", "--socket", "/x"}), kCannotKnow);
  EXPECT_EQ(run({"watch", "--socket", "/x"}), kCannotKnow);
  EXPECT_EQ(out.text, "");
}

TEST_F(Inquire, SocketInEnvironment_IsNamedToo) {
  environment.socket = "/e";
  EXPECT_EQ(run({"who", "5055"}), kCannotKnow);
  EXPECT_EQ(err.text, "portwatch: cannot ask the daemon at /e: No such file\n");
  EXPECT_EQ(run({"who", "5055", "--socket", "/x"}), kCannotKnow);
  EXPECT_EQ(backends.daemon.asked_path, "/x") << "the option comes first";
  EXPECT_EQ(run({"who", "5055", "--no-daemon"}), kYes);
  EXPECT_TRUE(looked());
}

TEST_F(Inquire, NoDaemonWanted_NoneIsAsked) {
  start_daemon();
  EXPECT_EQ(run({"who", "5055", "--no-daemon"}), kYes);
  EXPECT_TRUE(looked());
  EXPECT_EQ(backends.daemon.asked_path, "");
  EXPECT_EQ(backends.asked_source, std::nullopt);
}

TEST_F(Inquire, BackendNamed_ImpliesNoDaemon) {
  start_daemon();
  EXPECT_EQ(run({"who", "5055", "--backend", "procfs"}), kYes);
  EXPECT_TRUE(looked());
  EXPECT_EQ(backends.daemon.asked_path, "");
  EXPECT_EQ(backends.asked_source, Source::procfs);
}

TEST_F(Inquire, NobodyCanAnswer_CannotKnow) {
  backends.look_error = Error{Errc::not_supported, "no backend works here"};
  EXPECT_EQ(run({"who", "5055"}), kCannotKnow);
  EXPECT_EQ(err.text,
            "portwatch: portwatchd is not running: looking for myself\n"
            "portwatch: cannot look at the sockets: no backend works here\n");
}

}  // namespace
}  // namespace portwatch::cli
