#include <nlohmann/json.hpp>

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

Binding past(pid_t pid, std::optional<int> since, std::optional<int> until) {
  Process who = process(pid, "demo");
  who.unit = "demo.service";
  who.user = "alice";
  Binding binding = held(5055, who);
  binding.since.reset();
  if (since) {
    binding.since = kNow - std::chrono::seconds(*since);
  }
  if (until) {
    binding.until = kNow - std::chrono::seconds(*until);
  }
  return binding;
}

class History : public CommandTest {
 protected:
  History() {
    start_daemon();
    backends.daemon.history = exact(
        {past(100, std::nullopt, 600), past(101, 590, 60), past(102, 50, {})});
  }
};

TEST_F(History, Holders_FromAndTo) {
  EXPECT_EQ(run({"history", "5055"}), kYes);
  EXPECT_EQ(
      out.text,
      "FROM      TO        PROTO  ADDRESS       PROCESS    USER   UNIT\n"
      "?         10:32:17  tcp    0.0.0.0:5055  demo(100)  alice  demo.service\n"
      "10:32:27  10:41:17  tcp    0.0.0.0:5055  demo(101)  alice  demo.service\n"
      "10:41:27  still     tcp    0.0.0.0:5055  demo(102)  alice  demo.service\n"
      "demo.service has taken 5055/tcp 3 times in this time\n");
}

TEST_F(History, EndNotKnown_IsNotStill) {
  Binding lost = past(100, 600, {});
  lost.held_by.reset();
  lost.holders.reset();
  backends.daemon.history = exact({lost});
  EXPECT_EQ(run({"history"}), kYes);
  EXPECT_NE(out.text.find("\n10:32:17  ?   tcp "), std::string::npos) << out.text;
}

TEST_F(History, EndOfTheProcess_IsAColumn) {
  backends.daemon.history.bindings[0].last_exit = exit_status_from_wait(1 << 8);
  backends.daemon.history.bindings[1].last_exit = exit_status_from_wait(9);
  EXPECT_EQ(run({"history", "5055"}), kYes);
  EXPECT_EQ(out.text.substr(0, out.text.find("demo.service has")),
            "FROM      TO        PROTO  ADDRESS       PROCESS    USER   EXIT     "
            "UNIT\n"
            "?         10:32:17  tcp    0.0.0.0:5055  demo(100)  alice  exit 1   "
            "demo.service\n"
            "10:32:27  10:41:17  tcp    0.0.0.0:5055  demo(101)  alice  SIGKILL  "
            "demo.service\n"
            "10:41:27  still     tcp    0.0.0.0:5055  demo(102)  alice           "
            "demo.service\n");
  out.text.clear();
  EXPECT_EQ(run({"history", "5055", "--plain"}), kYes);
  EXPECT_NE(out.text.find("\texit 1\n"), std::string::npos) << out.text;
  EXPECT_TRUE(out.text.ends_with("\t-\n")) << out.text;
}

TEST_F(History, CutAnswer_ClaimsNoCompleteness) {
  backends.daemon.history.miss(only_youngest(3));
  EXPECT_EQ(run({"history", "5055"}), kYes);
  EXPECT_NE(out.text.find("has taken 5055/tcp at least 3 times in this time"),
            std::string::npos)
      << out.text;
  EXPECT_NE(out.text.find("only the youngest 3 of those that match"),
            std::string::npos)
      << out.text;
}

TEST_F(History, Future_IsAMistake) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"history", "--since", "2026-11-21 10:42:18"},
        {"failures", "--since", "2030-01-01"},
        {"who", "5055", "--at", "2026-11-22"}}) {
    err.text.clear();
    EXPECT_EQ(run(arguments), kUsage);
    EXPECT_NE(err.text.find("is in the future: it is 10:42:17 now"),
              std::string::npos)
        << err.text;
  }
}

TEST_F(History, UntilATimeOfDay_IsTheNextOne) {
  EXPECT_EQ(run({"history", "--since", "10:00", "--until", "23:59"}), kYes);
  EXPECT_EQ(backends.daemon.asked_past.until, kNow + std::chrono::hours(13) +
                                                  std::chrono::minutes(16) +
                                                  std::chrono::seconds(43));
  EXPECT_EQ(run({"history", "--since", "60d"}), kYes);
}

TEST_F(History, DaemonThatCannot_SaysWhy) {
  backends.daemon.past_error =
      Error{Errc::unavailable, "portwatchd cannot answer: history.path is empty"};
  EXPECT_EQ(run({"history"}), kCannotKnow);
  EXPECT_EQ(err.text,
            "portwatch: portwatchd cannot answer: history.path is empty; "
            "'portwatch status' says more\n");
}

TEST_F(History, WhoAtPlain_HasTheCreator) {
  EXPECT_EQ(run({"who", "5055", "--at", "5m", "--plain"}), kYes);
  EXPECT_EQ(out.text.rfind("-\t2026-11-21T10:32:17.000000Z\ttcp\tipv4\t0.0.0.0\t"
                           "5055\tlistening\t100\tdemo\t",
                           0),
            0u)
      << out.text;
}

TEST_F(History, Nobody_ExitOne) {
  backends.daemon.history = {};
  EXPECT_EQ(run({"history"}), kNo);
  EXPECT_EQ(out.text, "nothing is known to have been there\n");
}

TEST_F(History, OffAndNothing_CannotKnow) {
  backends.daemon.history = {};
  backends.daemon.history.miss({"history", "is off"});
  EXPECT_EQ(run({"history", "-q"}), kCannotKnow);
}

TEST_F(History, Plain_SinceAndUntilFirst) {
  EXPECT_EQ(run({"history", "--plain", "--limit", "3"}), kYes);
  EXPECT_EQ(
      out.text.rfind("-\t2026-11-21T10:32:17.000000Z\ttcp\tipv4\t0.0.0.0\t5055\t"
                     "listening\t100\tdemo\talice\tdemo.service\t",
                     0),
      0u)
      << out.text;
  EXPECT_EQ(backends.daemon.asked_past.limit, 3u);
}

TEST_F(History, Json_TheContractsFields) {
  EXPECT_EQ(run({"history", "--json"}), kYes);
  const auto document = nlohmann::json::parse(out.text);
  EXPECT_EQ(document["bindings"][0]["until"], "2026-11-21T10:32:17.000000Z");
  EXPECT_EQ(document["bindings"][0]["since"], nullptr);
}

TEST_F(History, HostileName_IsEscaped) {
  backends.daemon.history.bindings[0].creator.edit(
      [&](Process& creator) { creator.name = "\x1b[2J"; });
  for (const char* format : {"--color=never", "--plain", "--json"}) {
    run({"history", format});
    EXPECT_EQ(out.text.find('\x1b'), std::string::npos) << format;
  }
}

TEST_F(History, NoDaemonOrTooOld_CannotKnow) {
  backends.daemon.past_error = Error{Errc::not_supported, "no such method"};
  EXPECT_EQ(run({"history"}), kCannotKnow);
  EXPECT_NE(err.text.find("older than this command"), std::string::npos);
  backends.daemon.connect_error = Error{Errc::not_found, "No such file"};
  EXPECT_EQ(run({"history"}), kCannotKnow);
  EXPECT_NE(err.text.find("only a running portwatchd knows the past"),
            std::string::npos);
}

TEST_F(History, WhoAt_AsksForThatInstant) {
  EXPECT_EQ(run({"who", "5055", "--at", "-5m"}), kYes);
  EXPECT_EQ(backends.daemon.asked_past.since, kNow - std::chrono::minutes(5));
  EXPECT_EQ(backends.daemon.asked_past.until, backends.daemon.asked_past.since);
  EXPECT_EQ(backends.daemon.asked_past.port, 5055);
  EXPECT_NE(out.text.find("demo(101)"), std::string::npos);
  EXPECT_EQ(run({"who", "5055", "--at", "5m ago", "--json"}), kYes);
  EXPECT_EQ(nlohmann::json::parse(out.text)["schema"], "portwatch/1");
}

TEST_F(History, WhoAtNobody_ExitOne) {
  backends.daemon.history = {};
  EXPECT_EQ(run({"who", "5055", "--at", "10:00"}), kNo);
}

TEST_F(History, WhoAtWithoutDaemon_CannotKnow) {
  backends.daemon.connect_error = Error{Errc::not_found, "No such file"};
  EXPECT_EQ(run({"who", "5055", "--at", "10:00"}), kCannotKnow);
  EXPECT_EQ(err.text,
            "portwatch: only a running portwatchd knows the past: cannot ask the "
            "daemon at /run/portwatch/io.portwatch: No such file\n");
  EXPECT_EQ(run({"who", "5055", "--at", "10:00", "--no-daemon"}), kCannotKnow);
}

}  // namespace
}  // namespace portwatch::cli
