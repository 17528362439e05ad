// What blocks nothing, but explains.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/conflict/sample.h"

namespace portwatch::test {
namespace {

using Codes = std::vector<ReasonCode>;

TEST(Notes, OtherNamespace_BlocksNothing) {
  Binding there = listener("0.0.0.0", 8080, {process(5, "nginx")});
  there.netns = kOtherNetns;
  there.netns_name = "red";
  const Verdict said = verdict(request("0.0.0.0", 8080), {there});
  EXPECT_EQ(said.outcome, Answerable::free);
  const Reason note = only(said, ReasonCode::other_namespace);
  EXPECT_FALSE(note.blocks);
  EXPECT_EQ(note.error, 0);
  EXPECT_EQ(note.text,
            "port 8080 is taken in the network namespace red (4026532600) by nginx "
            "(pid 5, root), which does not matter here");
}

TEST(Notes, RequestElsewhere_TurnsTheNamespacesAround) {
  BindRequest wanted = request("0.0.0.0", 8080);
  wanted.netns = kOtherNetns;
  const Verdict said = verdict(wanted, {listener("0.0.0.0", 8080)});
  EXPECT_EQ(said.outcome, Answerable::free);
  EXPECT_EQ(codes(said), Codes{ReasonCode::other_namespace});
}

TEST(Notes, PublishedPort_NamesTheContainersEnd) {
  Process proxy = process(90, "docker-proxy");
  proxy.publishes = PublishedPort{"docker:0123456789ab", "web", "172.17.0.2", 80};
  const Verdict said =
      verdict(request("0.0.0.0", 8080),
              {listener("0.0.0.0", 8080, {proxy}), listener("::", 8080, {proxy})});
  EXPECT_EQ(only(said, ReasonCode::published).text,
            "port 8080 is published for container web (docker:0123456789ab), where "
            "it is 172.17.0.2:80");
  const Reason reason = only(said, ReasonCode::listener);
  EXPECT_EQ(commands(reason.remedies), std::vector<std::string>{"docker stop web"});
}

TEST(Notes, ReservedOrEphemeral_IsTold) {
  HostFacts facts = host();
  Verdict said = explain(request("0.0.0.0", 40000), {}, facts, context());
  const Reason note = only(said, ReasonCode::ephemeral_range);
  EXPECT_EQ(
      note.text,
      "port 40000 is one of the automatic ports (32768-60999): any client may "
      "take it before a server does");
  facts.reserved = {{8000, 8010}, {40000, 40000}};
  said = explain(request("0.0.0.0", 40000), {}, facts, context());
  EXPECT_EQ(codes(said), Codes{ReasonCode::reserved});
  said = explain(request("0.0.0.0", 40001), {}, facts, context());
  EXPECT_EQ(commands(only(said, ReasonCode::ephemeral_range).remedies),
            std::vector<std::string>{
                "sysctl -w net.ipv4.ip_local_reserved_ports=8000-8010,40000,40001"})
      << "what is reserved stays so";
}

TEST(Notes, FailuresAndLoopsOfThePort_AreTold) {
  Context told = context();
  Change failure;
  failure.type = ChangeType::bind_failed;
  failure.time = told.now;
  failure.failure.emplace();
  failure.failure->error = EADDRINUSE;
  failure.failure->requested = endpoint("127.0.0.1", 8080);
  failure.failure->netns = kNetns;
  failure.failure->process = process(31, "node");
  Change other = failure;
  other.failure->requested.port = 8081;
  told.failures = {failure, failure, other};
  Change loop;
  loop.type = ChangeType::bind_failure_loop;
  loop.loop.emplace();
  loop.loop->subject = {Subject::Kind::unit, "node.service", {}, {}};
  loop.loop->port = 8080;
  loop.loop->netns = kNetns;
  loop.loop->count = 12;
  loop.loop->window = std::chrono::seconds(60);
  loop.loop->first = told.now;
  loop.loop->cause = "bind: EADDRINUSE";
  told.loops = {loop};
  const Verdict said = explain(request("0.0.0.0", 8080), {}, host(), told);
  EXPECT_EQ(said.outcome, Answerable::free);
  EXPECT_EQ(
      only(said, ReasonCode::failed_before).text,
      "2 attempts failed here, the last at 12:00:03: node (pid 31, root), bind: "
      "EADDRINUSE");
  EXPECT_EQ(
      only(said, ReasonCode::loops).text,
      "node.service fails here again and again: 12 times in 60 seconds, since "
      "12:00:03 (bind: EADDRINUSE)");
}

TEST(Notes, LivesThatNeverGotThePort_AreOneNote) {
  Context told = context();
  Change dies;
  dies.type = ChangeType::crash_loop;
  dies.loop.emplace();
  dies.loop->subject = {Subject::Kind::unit, "node.service", {}, {}};
  dies.loop->port = 8080;
  dies.loop->netns = kNetns;
  dies.loop->count = 5;
  dies.loop->window = std::chrono::seconds(3600);
  dies.loop->first = told.now;
  dies.loop->cause = "bind: EADDRINUSE";
  told.loops = {dies};
  const auto notes = [&told] {
    return explain(request("0.0.0.0", 8080), {}, host(), told).reasons;
  };
  ASSERT_EQ(notes().size(), 1u);
  EXPECT_EQ(notes()[0].text,
            "node.service keeps trying it and ends: 5 times in 3600 seconds, since "
            "12:00:03 (bind: EADDRINUSE)");
  Change fails = dies;
  fails.type = ChangeType::bind_failure_loop;
  told.loops = {dies, fails};
  ASSERT_EQ(notes().size(), 1u);
  EXPECT_EQ(notes()[0].text.find("node.service fails here again and again"), 0u);
  told.loops[0].loop->cause = "killed by SIGSEGV";
  ASSERT_EQ(notes().size(), 2u);
  EXPECT_EQ(notes()[0].text.find("node.service keeps taking it and ends"), 0u);
}

TEST(Shadows, SpecificBesideWildcard_TakesItsTraffic) {
  BindRequest wanted = request("0.0.0.0", 53, Protocol::udp);
  wanted.reuse_addr = true;
  wanted.may_bind_low_ports = true;
  Binding held =
      binding(SocketState::bound, endpoint("127.0.0.1", 53, Protocol::udp),
              {process(9, "dnsmasq")});
  held.reuse_addr = true;
  const Verdict said = verdict(wanted, {held});
  EXPECT_EQ(said.outcome, Answerable::free);
  EXPECT_EQ(only(said, ReasonCode::shadowed).text,
            "traffic to 127.0.0.1 goes to dnsmasq at 127.0.0.1:53/udp, the rest to "
            "the new socket");
}

TEST(Shadows, Ipv4BesideDualStack_TakesIpv4) {
  Binding four = listener("0.0.0.0", 8080, {process(11, "a")});
  Binding six = listener("::", 8080, {process(12, "b")});
  const Verdict said = verdict(request("0.0.0.0", 8080), {four, six});
  EXPECT_EQ(only(said, ReasonCode::shadowed).text,
            "IPv4 traffic goes to a at 0.0.0.0:8080/tcp, the rest to b at "
            "[::]:8080/tcp");
}

TEST(Shadows, LocalhostOfTwoFamilies_MayReachEither) {
  const Verdict said = verdict(request("0.0.0.0", 3000),
                               {listener("::1", 3000, {process(4, "vite")})});
  EXPECT_EQ(said.outcome, Answerable::free);
  EXPECT_EQ(only(said, ReasonCode::shadowed).text,
            "who connects to \"localhost\" may reach either: vite at "
            "[::1]:3000/tcp by ::1, which is tried first as a rule, the new socket "
            "by 127.0.0.1");
}

TEST(Shadows, OneProgramOnBoth_IsNoShadow) {
  Binding six = listener("::", 80);
  six.ipv6_only = true;
  const Verdict said =
      verdict(request("0.0.0.0", 80), {listener("0.0.0.0", 80), six});
  EXPECT_EQ(only(said, ReasonCode::shadowed).text, "not there");
}

TEST(Shadows, SharedPort_IsSaid) {
  BindRequest wanted = request("0.0.0.0", 8080);
  wanted.reuse_port = true;
  Binding held = listener("0.0.0.0", 8080);
  held.reuse_port = true;
  held.uid = 1000;
  EXPECT_EQ(only(verdict(wanted, {held}), ReasonCode::shadowed).text,
            "the new socket and python3 at 0.0.0.0:8080/tcp share the traffic "
            "(SO_REUSEPORT)");
}

}  // namespace
}  // namespace portwatch::test
