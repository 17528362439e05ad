#include "tests/unit/cli/fake_world.h"

#include <cerrno>
#include <nlohmann/json.hpp>

namespace portwatch::cli {
namespace {

Reason listener_reason() {
  Reason reason;
  reason.code = ReasonCode::listener;
  reason.error = EADDRINUSE;
  reason.text = "python3 (pid 4242) listens on 0.0.0.0:5055";
  reason.bindings = {held(5055, process(4242, "python3"))};
  reason.remedies = {{"bind another port", std::nullopt},
                     {"end python3", "kill 4242"}};
  return reason;
}

Verdict blocked() {
  Verdict verdict;
  verdict.outcome = Answerable::blocked;
  verdict.error = EADDRINUSE;
  Reason note;
  note.code = ReasonCode::failed_before;
  note.blocks = false;
  note.text = "3 binds failed in the last hour";
  verdict.reasons = {listener_reason(), note};
  return verdict;
}

Verdict unblocked() {
  Verdict verdict;
  verdict.outcome = Answerable::free;
  return verdict;
}

class Why : public CommandTest {
 protected:
  Why() {
    start_daemon();
    backends.daemon.verdict = blocked();
    backends.judged = blocked();
    backends.judged.source = Source::sock_diag;
    backends.judged.confidence = Confidence::snapshot;
  }
  BindRequest& asked() { return backends.daemon.asked_why.back(); }
};

TEST_F(Why, Blocked_EveryReasonWithEvidenceAndRemedies) {
  EXPECT_EQ(run({"why", "5055"}), kYes);
  EXPECT_EQ(
      out.text,
      "0.0.0.0:5055/tcp cannot be bound: EADDRINUSE (Address already in use)\n"
      "  reason       python3 (pid 4242) listens on 0.0.0.0:5055\n"
      "  what helps   bind another port\n"
      "               end python3\n"
      "                 kill 4242\n"
      "\n"
      "  note         3 binds failed in the last hour\n");
  EXPECT_EQ(err.text, "");
}

TEST_F(Why, SeveralSockets_AreListedUpToFive) {
  Reason& reason = backends.daemon.verdict.reasons[0];
  reason.bindings.assign(7, reason.bindings[0]);
  reason.bindings[1].netns = 5;
  EXPECT_EQ(run({"why", "5055"}), kYes);
  EXPECT_NE(
      out.text.find("  socket       python3(4242) on 0.0.0.0:5055 (listening), "
                    "since 10:39:17 (3 minutes ago)\n"
                    "               python3(4242) on 0.0.0.0:5055 (listening), "
                    "network namespace 5, since 10:39:17 (3 minutes ago)\n"),
      std::string::npos)
      << out.text;
  EXPECT_NE(out.text.find("               and 2 more\n"), std::string::npos);
}

TEST_F(Why, Free_ExitOneAndBothFamiliesWereAsked) {
  backends.daemon.verdict = unblocked();
  EXPECT_EQ(run({"why", "5055"}), kNo);
  EXPECT_EQ(out.text, "0.0.0.0:5055/tcp can be bound\n");
  ASSERT_EQ(backends.daemon.asked_why.size(), 2u);
  EXPECT_EQ(asked().endpoint.family, Family::ipv6);
}

TEST_F(Why, OnlyIpv6IsTaken_PortAloneIsBlocked) {
  backends.daemon.verdict = unblocked();
  backends.daemon.verdict6 = blocked();
  EXPECT_EQ(run({"why", "5055"}), kYes);
  EXPECT_EQ(out.text.rfind("[::]:5055/tcp cannot be bound: EADDRINUSE", 0), 0u)
      << out.text;
  EXPECT_EQ(run({"why", "0.0.0.0:5055"}), kNo) << "an address is one question";
}

TEST_F(Why, HostWithoutIpv6_PortAloneIsStillFree) {
  backends.daemon.verdict = unblocked();
  backends.daemon.verdict6 = blocked();
  backends.daemon.verdict6->error = EADDRNOTAVAIL;
  EXPECT_EQ(run({"why", "5055"}), kNo);
}

TEST_F(Why, Address_IsAskedAsGiven) {
  EXPECT_EQ(run({"why", "127.0.0.1:80/udp"}), kYes);
  EXPECT_EQ(endpoint_text(asked().endpoint), "127.0.0.1:80");
  EXPECT_EQ(asked().endpoint.protocol, Protocol::udp);
  EXPECT_EQ(run({"why", "[::1]:80"}), kYes);
  EXPECT_EQ(endpoint_text(asked().endpoint), "[::1]:80");
}

TEST_F(Why, Unknown_ExitThreeAndTheGap) {
  backends.daemon.verdict = Verdict{};
  backends.daemon.verdict.confidence = Confidence::partial;
  backends.daemon.verdict.missing = {{"sockets", "not permitted"}};
  EXPECT_EQ(run({"why", "5055"}), kCannotKnow);
  EXPECT_EQ(out.text,
            "whether 0.0.0.0:5055/tcp can be bound is not known\n"
            "  source       ebpf (partial)\n"
            "  partial      sockets: not permitted\n");
}

TEST_F(Why, HostileWords_AreEscaped) {
  backends.daemon.verdict.reasons[0].text = "\x1b[2Jevil\n";
  backends.daemon.verdict.reasons[0].remedies = {{"\x1b[1m", "kill\n\x1b[0m"}};
  backends.daemon.verdict.reasons[0].bindings[0].holders->front().name = "\x1b]0;";
  backends.daemon.verdict.reasons[0].bindings.push_back(
      backends.daemon.verdict.reasons[0].bindings[0]);
  for (const char* format : {"--color=never", "--plain", "--json"}) {
    run({"why", "5055", format});
    EXPECT_EQ(out.text.find('\x1b'), std::string::npos) << format;
  }
}

TEST_F(Why, Plain_RowsForPrograms) {
  EXPECT_EQ(run({"why", "5055", "--plain"}), kYes);
  EXPECT_EQ(out.text,
            "verdict\tblocked\tEADDRINUSE\ttcp\tipv4\t0.0.0.0\t5055\n"
            "reason\tlistener\tblocks\tEADDRINUSE\tpython3 (pid 4242) listens on "
            "0.0.0.0:5055\n"
            "remedy\tlistener\tbind another port\t-\n"
            "remedy\tlistener\tend python3\tkill 4242\n"
            "reason\tfailedBefore\tnote\t-\t3 binds failed in the last hour\n");
}

TEST_F(Why, Json_OneDocument) {
  EXPECT_EQ(run({"why", "5055", "--json"}), kYes);
  const auto document = nlohmann::json::parse(out.text);
  EXPECT_EQ(document["schema"], "portwatch/1");
  EXPECT_EQ(document["reasons"][0]["code"], "listener");
}

TEST_F(Why, Quiet_OnlyTheExitCode) {
  EXPECT_EQ(run({"why", "5055", "-q"}), kYes);
  EXPECT_EQ(out.text + err.text, "");
}

TEST_F(Why, NoDaemon_LooksWithAllSocketsOfThePort) {
  backends.daemon.connect_error = Error{Errc::not_found, "No such file"};
  Binding closing = binding(5055, SocketState::closing);
  closing.id = "closing";
  const Answer served{Source::sock_diag,
                      Confidence::snapshot,
                      {},
                      {held(5055, process(4242, "python3"))}};
  Answer all = served;
  all.bindings.push_back(closing);
  all.bindings.push_back(held(80, process(1, "other")));
  backends.looks = {served, all};
  EXPECT_EQ(run({"why", "5055"}), kYes);
  EXPECT_EQ(err.text, "portwatch: portwatchd is not running: looking for myself\n");
  EXPECT_NE(out.text.find("\n  source       sock_diag (snapshot)\n"),
            std::string::npos);
  ASSERT_EQ(backends.judged_look.bindings.size(), 2u);
  EXPECT_EQ(backends.judged_look.bindings[1].id, "closing");
}

TEST_F(Why, NoDaemonAndBothFamilies_IsSaidOnce) {
  backends.daemon.connect_error = Error{Errc::not_found, "No such file"};
  backends.judged.outcome = Answerable::free;
  EXPECT_EQ(run({"why", "5055"}), kNo);
  EXPECT_EQ(err.text, "portwatch: portwatchd is not running: looking for myself\n");
}

TEST_F(Why, DaemonTooOld_SaysSoAndLooks) {
  backends.daemon.past_error = Error{Errc::not_supported, "no such method"};
  EXPECT_EQ(run({"why", "5055"}), kYes);
  EXPECT_EQ(
      err.text,
      "portwatch: the daemon at /run/portwatch/io.portwatch does not know this "
      "question: it is older than this command; looking for myself instead\n");
  EXPECT_EQ(run({"why", "5055", "--socket", "/x"}), kCannotKnow);
  EXPECT_EQ(out.text, "");
}

TEST_F(Why, NobodyCanLook_CannotKnow) {
  backends.daemon.connect_error = Error{Errc::not_found, "No such file"};
  backends.look_error = Error{Errc::not_supported, "no backend works here"};
  EXPECT_EQ(run({"why", "5055"}), kCannotKnow);
  EXPECT_EQ(out.text, "");
}

}  // namespace
}  // namespace portwatch::cli
