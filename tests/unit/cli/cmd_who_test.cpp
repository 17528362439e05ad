#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

class Who : public CommandTest {
 protected:
  Who() {
    start_daemon();
    backends.daemon.answer = exact({held(5055, process(4242, "python3"))});
  }
};

TEST_F(Who, HeldPort_PageInOneWrite) {
  EXPECT_EQ(run({"who", "5055"}), kYes);
  EXPECT_EQ(
      out.text.rfind("5055/tcp is held by python3 (pid 4242) since 10:39:17 (3 "
                     "minutes ago)\n",
                     0),
      0u)
      << out.text;
  EXPECT_EQ(out.writes, 1u);
  EXPECT_EQ(err.text, "");
}

TEST_F(Who, FreePort_ExitOne) {
  EXPECT_EQ(run({"who", "5056"}), kNo);
  EXPECT_EQ(out.text, "nobody holds port 5056\n");
}

TEST_F(Who, OtherProtocol_IsAnotherPort) {
  EXPECT_EQ(run({"who", "5055/udp"}), kNo);
  EXPECT_EQ(out.text, "nobody holds port 5055/udp\n");
  EXPECT_EQ(run({"who", "5055/tcp"}), kYes);
}

TEST_F(Who, HiddenHolder_ExitThree) {
  backends.daemon.answer = exact({binding(5055)});
  EXPECT_EQ(run({"who", "5055"}), kCannotKnow);
  EXPECT_NE(out.text.find("who holds it is hidden from you"), std::string::npos);
}

TEST_F(Who, SamePortTwice_IsShownOnce) {
  EXPECT_EQ(run({"who", "5055", "5055/tcp", "5055", "--plain"}), kYes);
  EXPECT_EQ(out.text,
            "tcp\tipv4\t0.0.0.0\t5055\tlistening\t4242\tpython3\t-\t-\t4026531840\t"
            "5055\n");
}

TEST_F(Who, SeveralPorts_OneAnswer) {
  backends.daemon.answer.bindings.push_back(held(80, process(7, "a")));
  EXPECT_EQ(run({"who", "5055", "80", "81", "--plain"}), kYes);
  EXPECT_EQ(out.text,
            "tcp\tipv4\t0.0.0.0\t80\tlistening\t7\ta\t-\t-\t4026531840\t80\n"
            "tcp\tipv4\t0.0.0.0\t5055\tlistening\t4242\tpython3\t-\t-\t4026531840\t"
            "5055\n");
}

TEST_F(Who, Json_TheContractsFields) {
  EXPECT_EQ(run({"who", "5055", "--json"}), kYes);
  EXPECT_EQ(
      out.text.rfind("{\"schema\":\"portwatch/1\",\"source\":\"ebpf\","
                     "\"confidence\":\"exact\",\"missing\":[],\"bindings\":[{",
                     0),
      0u)
      << out.text;
  EXPECT_NE(out.text.find("\"pid\":4242"), std::string::npos);
  EXPECT_EQ(out.text.back(), '\n');
}

TEST_F(Who, JsonFreePort_EmptyListAndExitOne) {
  EXPECT_EQ(run({"who", "81", "--json"}), kNo);
  EXPECT_NE(out.text.find("\"bindings\":[]"), std::string::npos);
}

TEST_F(Who, Quiet_OnlyTheExitCode) {
  EXPECT_EQ(run({"who", "5055", "-q"}), kYes);
  EXPECT_EQ(run({"who", "81", "-q"}), kNo);
  EXPECT_EQ(out.text + err.text, "");
}

TEST_F(Who, PlainPartial_GapsGoToStandardError) {
  backends.daemon.answer.miss({"holders", "not\npermitted"});
  EXPECT_EQ(run({"who", "5055", "--plain"}), kYes);
  EXPECT_EQ(err.text, "portwatch: partial: holders: not\\npermitted\n");
}

TEST_F(Who, Colour_FollowsTerminalEnvironmentAndOption) {
  const auto coloured = [&](const std::string& when) {
    run(when.empty() ? std::vector<std::string>{"who", "5055"}
                     : std::vector<std::string>{"who", "5055", "--color=" + when});
    return out.text.find('\x1b') != std::string::npos;
  };
  EXPECT_FALSE(coloured(""));
  EXPECT_TRUE(coloured("always"));
  terminal = true;
  EXPECT_TRUE(coloured(""));
  EXPECT_FALSE(coloured("never"));
  environment.no_color = true;
  EXPECT_FALSE(coloured(""));
  EXPECT_TRUE(coloured("always")) << "what was asked for beats NO_COLOR";
  environment.no_color = false;
  environment.dumb = true;
  EXPECT_FALSE(coloured(""));
}

TEST_F(Who, ReaderGone_IsNoError) {
  // run() makes new sinks, so the failing one is used directly.
  StringSink gone;
  gone.fails = Error{Errc::closed, "write: Broken pipe"};
  const FixedClock clock;
  Context context{{gone, err}, environment, clock, backends};
  EXPECT_EQ(cli::run({"who", "5055"}, context), kYes);
  EXPECT_EQ(err.text, "");
}

TEST_F(Who, DiskFull_IsSaid) {
  StringSink full;
  full.fails = Error{Errc::io, "write: No space left on device"};
  const FixedClock clock;
  Context context{{full, err}, environment, clock, backends};
  EXPECT_EQ(cli::run({"who", "5055"}, context), kCannotKnow);
  EXPECT_EQ(err.text,
            "portwatch: cannot write the answer: write: No space left on device\n");
}

}  // namespace
}  // namespace portwatch::cli
