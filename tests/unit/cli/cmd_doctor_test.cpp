#include <nlohmann/json.hpp>

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

std::vector<Binding> closing(std::size_t count) {
  std::vector<Binding> bindings;
  for (std::size_t i = 0; i < count; ++i) {
    Binding closed = binding(5055, SocketState::closing);
    closed.id = "closing" + std::to_string(i);
    closed.held_by = HeldBy::nobody;
    closed.holders = std::vector<Process>{};
    closed.remaining = std::chrono::seconds(i + 1);
    bindings.push_back(closed);
  }
  return bindings;
}

Binding at(const std::string& address, Port port, const Process& holder) {
  Binding there = held(port, holder);
  there.endpoint.family =
      address.find(':') == std::string::npos ? Family::ipv4 : Family::ipv6;
  there.endpoint.address = *parse_address(there.endpoint.family, address);
  there.id = address + std::to_string(port);
  if (there.endpoint.family == Family::ipv6) {
    there.ipv6_only = false;
  }
  return there;
}

class Doctor : public CommandTest {
 protected:
  Doctor() {
    start_daemon();
    server_ = process(4242, "python3");
    server_.exe = "/usr/bin/python3";
    has({held(5055, server_)});
  }
  void has(std::vector<Binding> bindings) {
    backends.daemon.answer = exact(std::move(bindings));
  }
  void loops(std::vector<Change> active) {
    for (Change& loop : active) {
      loop.loop->active = true;
    }
    backends.daemon.loops.active = active.size();
    backends.daemon.loops.events = std::move(active);
  }
  bool says(const std::string& text) const {
    return out.text.find(text) != std::string::npos;
  }
  Process server_;
};

TEST_F(Doctor, NothingWrong_ExitZeroAndOneLine) {
  EXPECT_EQ(run({"doctor"}), kYes);
  EXPECT_EQ(out.text, "nothing is wrong\n");
  EXPECT_EQ(run({"doctor", "-q"}), kYes);
  EXPECT_EQ(out.text + err.text, "");
}

TEST_F(Doctor, NamedPorts_ListeningOrFree) {
  EXPECT_EQ(run({"doctor", "5055", "9999", "5055/udp"}), kYes);
  EXPECT_EQ(
      out.text,
      "PORT      STATE      PROCESS        STARTED                   PROGRAM\n"
      "5055/tcp  listening  python3(4242)  10:40:00 (2 minutes ago)  "
      "/usr/bin/python3\n"
      "9999      free       -              -                         -\n"
      "5055/udp  free       -              -                         -\n"
      "\n"
      "nothing is wrong\n");
}

TEST_F(Doctor, LoopFailuresAndTimeWaitOfOnePort_AreOneFinding) {
  auto sockets = closing(25);
  sockets.push_back(held(5055, server_));
  has(sockets);
  backends.daemon.failures.events = {failed_bind(), failed_bind()};
  loops({failure_loop()});
  EXPECT_EQ(run({"doctor"}), kNo);
  EXPECT_EQ(
      out.text,
      "problem: demo.service keeps failing to bind 5055/tcp\n"
      "  evidence     7 times in 1 minute: bind: EADDRINUSE, blocked by "
      "python3(4242) on 0.0.0.0:5055 (listening)\n"
      "               2 failed binds in the last hour, the last by python3(4243): "
      "EADDRINUSE, blocked by python3(4242) on 0.0.0.0:5055 (listening): python3 "
      "(pid 4242) listens there\n"
      "               25 closed connections that the kernel still remembers "
      "(TIME_WAIT and the like), the last one gone in 25s\n"
      "  what helps   a server that sets SO_REUSEADDR binds at once; one that does "
      "not waits for them\n"
      "               see every reason and what would help\n"
      "                 portwatch why 5055/tcp\n"
      "\n"
      "1 problem\n");
}

TEST_F(Doctor, BothLoopsOfOnePort_AreToldAsFailedBinds) {
  Change crash = crash_loop();
  crash.loop->window = std::chrono::hours(1);
  loops({failure_loop(), crash});
  EXPECT_EQ(run({"doctor"}), kNo);
  EXPECT_TRUE(says("problem: demo.service keeps failing to bind 5055/tcp\n"));
  EXPECT_TRUE(says("\n1 problem\n")) << out.text;
}

TEST_F(Doctor, TimeWait_IsAPileAboveTwenty) {
  has(closing(20));
  EXPECT_EQ(run({"doctor"}), kYes);
  has(closing(21));
  EXPECT_EQ(run({"doctor"}), kNo);
  EXPECT_TRUE(says("problem: closed connections pile up on 5055/tcp\n"))
      << out.text;
  EXPECT_TRUE(says("the last one gone in 21s\n"));
}

TEST_F(Doctor, EndedLoop_IsNoFinding) {
  loops({crash_loop()});
  backends.daemon.loops.events[0].type = ChangeType::loop_ended;
  backends.daemon.loops.events[0].loop->active = false;
  backends.daemon.loops.active = 0;
  EXPECT_EQ(run({"doctor", "-q"}), kYes);
}

TEST_F(Doctor, HistoryThatIsOff_CannotKnow) {
  backends.daemon.failures.missing = {{"history", "it is off"}};
  EXPECT_EQ(run({"doctor"}), kCannotKnow);
  EXPECT_TRUE(says("partial      history: it is off\n")) << out.text;
}

TEST_F(Doctor, OneSubjectOnManyPorts_IsOneFinding) {
  std::vector<Change> many;
  for (Port port = 1001; port <= 1900; ++port) {
    many.push_back(failure_loop());
    many.back().loop->port = port;
  }
  loops(many);
  EXPECT_EQ(run({"doctor"}), kNo);
  EXPECT_TRUE(
      says("problem: demo.service keeps failing to bind 1001/tcp, 1002/tcp, "
           "1003/tcp and 897 more ports\n"))
      << out.text;
  EXPECT_TRUE(says("  evidence     1001/tcp: 7 times in 1 minute"));
  EXPECT_TRUE(says("\n1 problem\n"));
}

TEST_F(Doctor, VeryManyOfAKind_ServicesFirstAndTheRestCounted) {
  std::vector<Change> many = {failure_loop()};
  for (Port port = 1; port <= 100; ++port) {
    many.push_back(failure_loop());
    many.back().loop->subject = {
        Subject::Kind::program, "/a.out " + std::to_string(port), 1000, {}};
    many.back().loop->port = port;
  }
  loops(many);
  EXPECT_EQ(run({"doctor"}), kNo);
  EXPECT_EQ(out.text.rfind("problem: demo.service keeps failing to bind 5055", 0),
            0u)
      << out.text;
  EXPECT_TRUE(
      says("problem: 81 more of this kind (loop)\n"
           "  what helps   see all of them\n"
           "                 portwatch loops\n"
           "\n21 problems\n"))
      << out.text;
}

TEST_F(Doctor, OtherNamespace_IsNamedWithACommandThatGoesThere) {
  Change loop = failure_loop();
  loop.loop->netns = 4026532600;
  loops({loop});
  EXPECT_EQ(run({"doctor"}), kNo);
  EXPECT_TRUE(says("5055/tcp, in network namespace 4026532600\n")) << out.text;
  EXPECT_FALSE(says("portwatch why")) << "nobody is known there";
  Binding there = held(22, server_);
  there.netns = 4026532600;
  has({there});
  run({"doctor"});
  EXPECT_TRUE(says("nsenter --net --target 4242 portwatch why 5055/tcp\n"))
      << out.text;
  there.netns_name = "red";
  has({there});
  run({"doctor"});
  EXPECT_TRUE(says("5055/tcp, in network namespace red (4026532600)\n"));
  EXPECT_TRUE(says("ip netns exec red portwatch why 5055/tcp\n")) << out.text;
  run({"doctor", "--json"});
  const auto finding = nlohmann::json::parse(out.text)["findings"][0];
  EXPECT_EQ(finding["netns"], 4026532600);
  EXPECT_EQ(finding["netnsName"], "red");
}

TEST_F(Doctor, ClientElsewhereOnAPortThatSomebodyWants_IsNoTheft) {
  Change failure = failed_bind();
  failure.failure->requested.port = 40000;
  backends.daemon.failures.events = {failure};
  Binding client = held(40000, process(9, "curl"));
  client.state = SocketState::connected;
  client.netns = 4026532600;
  has({client});
  run({"doctor"});
  EXPECT_FALSE(says("is taken by a connection")) << out.text;
  client.netns = kOwnNetns;
  has({client});
  run({"doctor"});
  EXPECT_TRUE(says("is taken by a connection")) << out.text;
}

TEST_F(Doctor, OtherPort_IsLeftOut) {
  loops({crash_loop()});
  EXPECT_EQ(run({"doctor", "80", "-q"}), kYes);
  EXPECT_EQ(run({"doctor", "5055", "-q"}), kNo);
}

TEST_F(Doctor, FailuresOfTheLastHour_AreAsked) {
  run({"doctor", "5055"});
  EXPECT_EQ(backends.daemon.asked_past.since, kNow - std::chrono::hours(1));
}

TEST_F(Doctor, Orphan_IsNamedWithWhatEndsIt) {
  server_.orphan = true;
  has({held(5055, server_), held(5056, server_)});
  EXPECT_EQ(run({"doctor"}), kNo);
  EXPECT_TRUE(
      says("problem: python3(4242) holds 5055/tcp and 5056/tcp, but the "
           "process that started it has died\n"))
      << out.text;
  EXPECT_TRUE(says("\n                 kill 4242\n"));
}

TEST_F(Doctor, ChildOfInitInALoginSession_IsAnOrphan) {
  server_.ppid = 1;
  server_.unit = "demo.service";
  has({held(5055, server_)});
  EXPECT_EQ(run({"doctor", "-q"}), kYes) << "systemd started it";
  server_.unit = "session-3.scope";
  has({held(5055, server_)});
  EXPECT_EQ(run({"doctor", "-q"}), kNo);
}

TEST_F(Doctor, SpecificBesideWildcard_IsShadowed) {
  has({at("0.0.0.0", 5055, server_), at("127.0.0.1", 5055, process(7, "node"))});
  EXPECT_EQ(run({"doctor"}), kNo);
  EXPECT_TRUE(
      says("problem: node(7) on 127.0.0.1:5055 (listening) takes what comes "
           "for its address away from python3(4242) on 0.0.0.0:5055"))
      << out.text;
}

TEST_F(Doctor, Ipv4BesideIpv6ForBoth_IsShadowed) {
  has({at("::", 5055, server_), at("127.0.0.1", 5055, process(7, "node"))});
  EXPECT_EQ(run({"doctor", "-q"}), kNo);
  has({at("::", 5055, server_), at("0.0.0.0", 5055, process(7, "node"))});
  EXPECT_EQ(run({"doctor", "-q"}), kNo);
  has({at("::1", 5055, server_), at("127.0.0.1", 5055, process(7, "node"))});
  EXPECT_EQ(run({"doctor", "-q"}), kYes) << "neither takes from the other";
}

TEST_F(Doctor, OneServersOwnAddresses_AreNotShadowed) {
  has({at("0.0.0.0", 5055, server_), at("127.0.0.1", 5055, server_)});
  EXPECT_EQ(run({"doctor", "-q"}), kYes);
  has({at("0.0.0.0", 5055, server_), at("::", 5055, process(4243, "python3"))});
  EXPECT_EQ(run({"doctor", "-q"}), kYes) << "one program, a process for each";
}

TEST_F(Doctor, ClientOnANamedPort_IsTheft) {
  Binding client = held(40000, process(9, "curl"));
  client.state = SocketState::connected;
  has({client});
  EXPECT_EQ(run({"doctor", "-q"}), kYes) << "nobody wants that port";
  EXPECT_EQ(run({"doctor", "40000"}), kNo);
  EXPECT_TRUE(says("problem: 40000/tcp is taken by a connection: curl(9)"))
      << out.text;
}

TEST_F(Doctor, ServerOnAnAutomaticPort_IsANote) {
  has({held(40000, server_)});
  EXPECT_EQ(run({"doctor"}), kYes);
  EXPECT_TRUE(
      says("note: when a server on an automatic port (32768 to 60999) "
           "restarts, a client may have taken it: python3(4242)"))
      << out.text;
}

TEST_F(Doctor, DaemonThatLost_IsANoteAndADeadHistoryIsAProblem) {
  backends.daemon.status.events_lost = 3;
  EXPECT_EQ(run({"doctor"}), kYes);
  EXPECT_TRUE(says("note: the daemon has lost 3 records"));
  backends.daemon.status.history.enabled = true;
  backends.daemon.status.history.error = "disk\x1b full";
  EXPECT_EQ(run({"doctor"}), kNo);
  EXPECT_TRUE(says("problem: the daemon writes no history: disk\\x1b full\n"));
}

TEST_F(Doctor, HiddenHolderOfANamedPort_CannotKnow) {
  has({binding(5055)});
  EXPECT_EQ(run({"doctor", "5055"}), kCannotKnow);
  EXPECT_TRUE(says("listening  (hidden)"));
  EXPECT_TRUE(says("nothing found, but not everything could be seen\n"));
  EXPECT_EQ(run({"doctor", "-q"}), kYes);
}

TEST_F(Doctor, NoDaemon_FindsWhatALookShows) {
  backends.daemon.connect_error = Error{Errc::not_found, "No such file"};
  EXPECT_EQ(run({"doctor"}), kCannotKnow);
  EXPECT_TRUE(
      says("  partial      failures: no daemon runs that would know failed "
           "binds and loops\n"))
      << out.text;
  backends.looks.front().bindings = closing(30);
  EXPECT_EQ(run({"doctor", "-q"}), kNo);
}

TEST_F(Doctor, DaemonTooOld_CannotKnow) {
  backends.daemon.past_error = Error{Errc::not_supported, "no such method"};
  EXPECT_EQ(run({"doctor"}), kCannotKnow);
  EXPECT_TRUE(
      says("partial      failures: the daemon is older than this command\n"))
      << out.text;
}

TEST_F(Doctor, NamedDaemonDown_CannotKnow) {
  backends.daemon.connect_error = Error{Errc::not_found, "No such file"};
  EXPECT_EQ(run({"doctor", "--socket", "/x"}), kCannotKnow);
  EXPECT_EQ(out.text, "");
}

TEST_F(Doctor, Json_PortsAndFindings) {
  loops({crash_loop()});
  EXPECT_EQ(run({"doctor", "5055", "81", "--json"}), kNo);
  const auto document = nlohmann::json::parse(out.text);
  EXPECT_EQ(document["schema"], "portwatch/1");
  EXPECT_EQ(document["confidence"], "exact");
  EXPECT_EQ(document["ports"][0]["state"], "listening");
  EXPECT_EQ(document["ports"][0]["bindings"][0]["holders"][0]["pid"], 4242);
  EXPECT_EQ(document["ports"][1]["state"], "free");
  const auto& finding = document["findings"][0];
  EXPECT_EQ(finding["code"], "loop");
  EXPECT_EQ(finding["port"], 5055);
  EXPECT_EQ(finding["note"], false);
  EXPECT_EQ(finding["events"][0]["event"], "crashLoop");
  EXPECT_EQ(finding["remedies"][0]["command"], "portwatch why 5055/tcp");
}

TEST_F(Doctor, Plain_Rows) {
  loops({crash_loop()});
  EXPECT_EQ(run({"doctor", "5055", "81", "--plain"}), kNo);
  EXPECT_EQ(out.text,
            "port\t5055/tcp\tlistening\t4242\tpython3\t/usr/bin/python3\t"
            "2026-11-21T10:40:00.000000Z\n"
            "port\t81\tfree\t-\t-\t-\t-\n"
            "finding\tloop\tproblem\t5055\tdemo.service keeps dying on 5055/tcp\t"
            "4026531840\t-\n"
            "evidence\tloop\t7 times in 1 minute: exits with status 1, last exit: "
            "status 1\n"
            "remedy\tloop\tsee every reason and what would help\tportwatch why "
            "5055/tcp\n");
}

TEST_F(Doctor, HostileNames_AreEscaped) {
  server_.name = "\x1b[2J";
  server_.exe = "/tmp/\x1b[2J";
  server_.orphan = true;
  has({at("0.0.0.0", 5055, server_), at("127.0.0.1", 5055, process(7, "\x1b]0;"))});
  Change loop = failure_loop();
  loop.loop->subject.name = "\x1b[1m";
  loop.loop->cause = "\x1b[1m";
  loops({loop});
  for (const char* format : {"--color=never", "--plain", "--json"}) {
    EXPECT_EQ(run({"doctor", "5055", format}), kNo);
    EXPECT_EQ(out.text.find('\x1b'), std::string::npos) << format;
  }
}

}  // namespace
}  // namespace portwatch::cli
