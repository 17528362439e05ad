#include <cerrno>
#include <nlohmann/json.hpp>

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

class Check : public CommandTest {
 protected:
  Check() {
    start_daemon();
    says(Answerable::blocked);
  }
  void says(Answerable outcome) {
    Verdict& verdict = backends.daemon.verdict;
    verdict = {};
    verdict.outcome = outcome;
    if (outcome == Answerable::blocked) {
      verdict.error = EADDRINUSE;
      Reason reason;
      reason.text = "python3 (pid 4242) listens on 0.0.0.0:5055";
      verdict.reasons = {reason};
    }
  }
  const BindRequest& asked() const { return backends.daemon.asked_why.back(); }
};

TEST_F(Check, Blocked_NoAndTheReason) {
  EXPECT_EQ(run({"check", "127.0.0.1:5055"}), kNo);
  EXPECT_EQ(
      out.text,
      "no: 127.0.0.1:5055/tcp cannot be bound: EADDRINUSE (Address already in "
      "use)\n"
      "  reason       python3 (pid 4242) listens on 0.0.0.0:5055\n");
}

TEST_F(Check, Free_YesInOneLine) {
  says(Answerable::free);
  EXPECT_EQ(run({"check", "5055"}), kYes);
  EXPECT_EQ(out.text, "yes: 0.0.0.0:5055/tcp can be bound\n");
  EXPECT_EQ(backends.daemon.asked_why.size(), 1u);
}

TEST_F(Check, Unknown_ExitThree) {
  says(Answerable::unknown);
  EXPECT_EQ(run({"check", "5055", "-q"}), kCannotKnow);
  EXPECT_EQ(out.text + err.text, "");
}

TEST_F(Check, Options_AreAsked) {
  run({"check", "[::]:5055", "--udp", "--reuseaddr", "--reuseport", "--v6only"});
  EXPECT_EQ(asked().endpoint.protocol, Protocol::udp);
  EXPECT_EQ(asked().endpoint.family, Family::ipv6);
  EXPECT_TRUE(asked().reuse_addr && asked().reuse_port && asked().ipv6_only);
  EXPECT_NE(out.text.find("with SO_REUSEADDR, SO_REUSEPORT and IPV6_V6ONLY"),
            std::string::npos);
}

TEST_F(Check, Quiet_IsABooleanTest) {
  EXPECT_EQ(run({"check", "5055", "-q"}), kNo);
  says(Answerable::free);
  EXPECT_EQ(run({"check", "5055", "-q"}), kYes);
  EXPECT_EQ(out.text + err.text, "");
  EXPECT_FALSE(backends.tried) << "nothing is bound unless asked";
}

TEST_F(Check, TryAgrees_IsSaid) {
  backends.try_result = EADDRINUSE;
  EXPECT_EQ(run({"check", "5055", "--try"}), kNo);
  EXPECT_NE(out.text.find("\n  tried        EADDRINUSE\n"), std::string::npos)
      << out.text;
  ASSERT_TRUE(backends.tried);
  EXPECT_EQ(backends.tried->endpoint.port, 5055);
}

TEST_F(Check, TrySucceedsAgainstTheVerdict_Wins) {
  EXPECT_EQ(run({"check", "5055", "--try"}), kYes);
  EXPECT_EQ(out.text.rfind("yes: 0.0.0.0:5055/tcp can be bound\n", 0), 0u);
  EXPECT_NE(
      out.text.find("  tried        it succeeds, against what was expected\n"),
      std::string::npos)
      << out.text;
  EXPECT_EQ(out.text.find("  reason "), std::string::npos) << out.text;
  run({"check", "5055", "--try", "--json"});
  const auto document = nlohmann::json::parse(out.text);
  EXPECT_EQ(document["outcome"], "free");
  EXPECT_EQ(document["reasons"][0]["blocks"], false);
  EXPECT_TRUE(document["reasons"][0]["errno"].is_null());
}

TEST_F(Check, TryFailsAgainstTheVerdict_Wins) {
  says(Answerable::free);
  backends.try_result = EACCES;
  EXPECT_EQ(run({"check", "80", "--try"}), kNo);
  EXPECT_EQ(out.text,
            "no: 0.0.0.0:80/tcp cannot be bound: EACCES (Permission denied)\n"
            "  tried        EACCES, against what was expected\n");
}

TEST_F(Check, TrySettlesTheUnknown) {
  says(Answerable::unknown);
  EXPECT_EQ(run({"check", "5055", "--try", "-q"}), kYes);
}

TEST_F(Check, NoSocketToTryWith_YesIsNotProven) {
  backends.try_result = Error{Errc::io, "socket: Too many open files"};
  EXPECT_EQ(run({"check", "5055", "--try"}), kNo);
  EXPECT_EQ(err.text, "portwatch: cannot try: socket: Too many open files\n");
  says(Answerable::free);
  EXPECT_EQ(run({"check", "5055", "--try"}), kCannotKnow);
  EXPECT_EQ(out.text, "whether 0.0.0.0:5055/tcp can be bound is not known\n");
}

TEST_F(Check, Json_HasWhatTheKernelSaid) {
  backends.try_result = EADDRINUSE;
  EXPECT_EQ(run({"check", "5055", "--try", "--json"}), kNo);
  const auto document = nlohmann::json::parse(out.text);
  EXPECT_EQ(document["tried"]["errno"], EADDRINUSE);
  EXPECT_EQ(document["tried"]["error"], "EADDRINUSE");
  run({"check", "5055", "--json"});
  EXPECT_FALSE(nlohmann::json::parse(out.text).contains("tried"));
}

TEST_F(Check, Plain_VerdictAndTry) {
  says(Answerable::free);
  EXPECT_EQ(run({"check", "5055", "--plain", "--try"}), kYes);
  EXPECT_EQ(out.text, "verdict\tfree\t-\ttcp\tipv4\t0.0.0.0\t5055\ntried\t-\n");
}

TEST_F(Check, NoDaemon_OwnJudgement) {
  backends.daemon.connect_error = Error{Errc::not_found, "No such file"};
  backends.judged.outcome = Answerable::free;
  EXPECT_EQ(run({"check", "5055", "-q"}), kYes);
  EXPECT_EQ(run({"check", "5055", "-q", "--socket", "/x"}), kCannotKnow);
}

}  // namespace
}  // namespace portwatch::cli
