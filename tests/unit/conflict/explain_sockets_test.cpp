// Each kind of socket that can be in the way: what is said, and what would help.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/conflict/sample.h"

namespace portwatch::test {
namespace {

using Codes = std::vector<ReasonCode>;
using Words = std::vector<std::string>;

TEST(Explain, NobodyThere_Free) {
  const Verdict said = verdict(request("0.0.0.0", 5055), {});
  EXPECT_EQ(said.outcome, Answerable::free);
  EXPECT_EQ(said.error, 0);
  EXPECT_TRUE(said.reasons.empty());
}

TEST(Explain, Listener_SaysWhoSinceWhenAndHowToEndIt) {
  Process holder = process(1234, "python3");
  holder.cmdline = {"python3", "-m", "http.server", "5055"};
  Binding held = listener("0.0.0.0", 5055, {holder});
  held.since = noon() - std::chrono::seconds(3);
  const Verdict said = verdict(request("127.0.0.1", 5055), {held});
  EXPECT_EQ(said.outcome, Answerable::blocked);
  EXPECT_EQ(said.error, EADDRINUSE);
  const Reason reason = only(said, ReasonCode::listener);
  EXPECT_TRUE(reason.blocks);
  EXPECT_EQ(reason.text,
            "0.0.0.0:5055/tcp is listened on by python3 (pid 1234, root) since "
            "12:00:00, command: python3 -m http.server 5055");
  EXPECT_EQ(reason.bindings, std::vector{held});
  EXPECT_EQ(commands(reason.remedies), Words{"kill 1234"});
}

TEST(Explain, ServerWithWorkersOnBothFamilies_IsOneReason) {
  Process master = process(700, "nginx");
  master.unit = "nginx.service";
  Process worker = process(701, "nginx");
  worker.ppid = 700;
  worker.unit = "nginx.service";
  Binding six = listener("::", 80, {master, worker});
  six.ipv6_only = true;
  const Verdict said =
      verdict(request("::", 80), {listener("0.0.0.0", 80, {master, worker}), six});
  const Reason reason = only(said, ReasonCode::listener);
  EXPECT_EQ(
      reason.text,
      "0.0.0.0:80/tcp and [::]:80/tcp are listened on by nginx (pid 700, root, "
      "nginx.service) with 1 of its children");
  EXPECT_EQ(commands(reason.remedies), Words{"systemctl stop nginx.service"});
}

TEST(Explain, ConnectionsOfALivingListener_AreToldWithIt) {
  Binding open = binding(SocketState::connected, endpoint("127.0.0.1", 80));
  const Verdict said = verdict(
      request("0.0.0.0", 80),
      {open, open, time_wait("127.0.0.1", 80, 43), listener("0.0.0.0", 80)});
  const Reason reason = only(said, ReasonCode::listener);
  EXPECT_NE(
      reason.text.find("; 2 connections are open and 1 connection is closing"),
      std::string::npos)
      << reason.text;
  EXPECT_EQ(reason.bindings.size(), 1u);
}

TEST(Explain, BoundButSilent_SaysThatSsHidesIt) {
  const Verdict said =
      verdict(request("0.0.0.0", 5055),
              {binding(SocketState::bound, endpoint("0.0.0.0", 5055))});
  const Reason reason = only(said, ReasonCode::bound);
  EXPECT_EQ(reason.text,
            "0.0.0.0:5055/tcp is bound by python3 (pid 1234, root); it does not "
            "listen, so that ss -tln does not show it");
  EXPECT_EQ(commands(reason.remedies), Words{"kill 1234"});
}

TEST(Explain, ClientsPort_IsReservedByTheNoteAlone) {
  const Verdict said =
      verdict(request("0.0.0.0", 40000),
              {binding(SocketState::connected, endpoint("127.0.0.1", 40000),
                       {process(77, "curl")})});
  EXPECT_EQ(codes(said),
            (Codes{ReasonCode::client_port, ReasonCode::ephemeral_range}));
  const Reason reason = only(said, ReasonCode::client_port);
  EXPECT_EQ(reason.text,
            "127.0.0.1:40000/tcp is the local end of a connection of curl (pid 77, "
            "root), on a port that the kernel chose for a client");
  EXPECT_EQ(commands(reason.remedies), Words{"kill 77"});
  EXPECT_EQ(commands(only(said, ReasonCode::ephemeral_range).remedies),
            Words{"sysctl -w net.ipv4.ip_local_reserved_ports=40000"});
}

TEST(Explain, PortThatAClientAskedFor_IsNotTheKernelsChoice) {
  Binding bound = binding(SocketState::connected, endpoint("127.0.0.1", 7061),
                          {process(77, "curl")});
  bound.creator = process(77, "curl");
  EXPECT_EQ(
      only(verdict(request("0.0.0.0", 7061), {bound}), ReasonCode::client_port)
          .text,
      "127.0.0.1:7061/tcp is the local end of a connection of curl (pid 77, "
      "root)");
  const Binding udp =
      binding(SocketState::connected, endpoint("127.0.0.1", 7012, Protocol::udp),
              {process(78, "dig")});
  EXPECT_EQ(only(verdict(request("0.0.0.0", 7012, Protocol::udp), {udp}),
                 ReasonCode::client_port)
                .text,
            "127.0.0.1:7012/udp is the local end of a connection of dig (pid 78, "
            "root)");
}

// Nobody was seen to take the port: accepted, or bound before it connected.
TEST(Explain, ConnectionOnAServersPort_ClaimsNoListener) {
  const Verdict said =
      verdict(request("0.0.0.0", 8080),
              {binding(SocketState::connected, endpoint("127.0.0.1", 8080),
                       {process(88, "worker")})});
  const Reason reason = only(said, ReasonCode::connection);
  EXPECT_EQ(
      reason.text,
      "127.0.0.1:8080/tcp is the local end of a connection of worker (pid 88, "
      "root), accepted by a listener that is gone or bound before it "
      "connected");
  EXPECT_EQ(commands(reason.remedies), (Words{"-", "kill 88"}));
}

TEST(Explain, TimeWait_SaysHowManyAndUntilWhen) {
  const std::vector<Binding> closed = {time_wait("127.0.0.1", 8080, 12),
                                       time_wait("127.0.0.1", 8080, 43)};
  Verdict said = verdict(request("0.0.0.0", 8080), closed);
  EXPECT_EQ(said.outcome, Answerable::blocked);
  Reason reason = only(said, ReasonCode::time_wait);
  EXPECT_EQ(
      reason.text,
      "2 closed connections still hold 127.0.0.1:8080/tcp (TIME_WAIT), for 43 "
      "seconds at most");
  EXPECT_EQ(
      reason.remedies.back().text,
      "set SO_REUSEADDR before bind, in the server that starts and in the one "
      "that ran before");

  BindRequest with_option = request("0.0.0.0", 8080);
  with_option.reuse_addr = true;
  said = verdict(with_option, closed);
  EXPECT_EQ(said.outcome, Answerable::unknown) << "the old server is not known";
  EXPECT_EQ(said.error, 0);
  reason = only(said, ReasonCode::time_wait);
  EXPECT_FALSE(reason.blocks);
  EXPECT_NE(reason.text.find("which the kernel does not show"), std::string::npos);
}

TEST(Explain, Orphan_IsNobodys) {
  Binding closing = binding(SocketState::closing, endpoint("127.0.0.1", 8080), {});
  closing.inode = 0;
  const Reason reason =
      only(verdict(request("0.0.0.0", 8080), {closing}), ReasonCode::orphan);
  EXPECT_EQ(reason.text,
            "1 connection that no process holds any more is still closing on "
            "127.0.0.1:8080/tcp");
  EXPECT_EQ(commands(reason.remedies), (Words{"-", "-", "ss -K -t sport = :8080"}));
}

TEST(Explain, ClosedConnections_SayWhoHadThePortLast) {
  std::vector<Binding> closed = {time_wait("127.0.0.1", 8080, 12),
                                 time_wait("127.0.0.1", 8080, 43)};
  closed[0].creator = process(77, "node");
  const auto reasons = verdict(request("0.0.0.0", 8080), closed).reasons;
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_EQ(
      reasons[0].text,
      "2 closed connections still hold 127.0.0.1:8080/tcp (TIME_WAIT), for 43 "
      "seconds at most; node (pid 77, root) had it last");
  EXPECT_EQ(commands(reasons[0].remedies), (Words{"-", "-"}))
      << "it is no holder, and there is nothing to end";
}

TEST(Explain, OrphanInFinWait2_IsNoTimeWaitAndSaysHowLong) {
  Binding waiting = time_wait("127.0.0.1", 8080, 58);
  waiting.fin_wait2 = true;
  const Verdict said = verdict(request("0.0.0.0", 8080), {waiting});
  EXPECT_EQ(codes(said), Codes{ReasonCode::orphan});
  EXPECT_EQ(said.reasons[0].text,
            "1 connection that no process holds any more is still closing on "
            "127.0.0.1:8080/tcp, for 58 seconds at most");
}

TEST(Explain, SocketOfADevice_SaysWhich) {
  Binding held = listener("0.0.0.0", 7065);
  held.interface = "lo";
  held.interface_index = 1;
  Reason reason =
      only(verdict(request("0.0.0.0", 7065), {held}), ReasonCode::listener);
  EXPECT_EQ(reason.text,
            "0.0.0.0:7065/tcp on interface lo is listened on by python3 (pid 1234, "
            "root)");
  EXPECT_EQ(reason.remedies[0].text,
            "bind to another interface than lo (SO_BINDTODEVICE), if that is "
            "enough");
  held.interface.reset();  // of another namespace
  held.interface_index = 7;
  reason = only(verdict(request("0.0.0.0", 7065), {held}), ReasonCode::listener);
  EXPECT_EQ(reason.text.find("0.0.0.0:7065/tcp on interface 7 is"), 0u)
      << reason.text;
}

TEST(Explain, InFlight_IsNamedAsSuch) {
  Binding sent = listener("0.0.0.0", 8080, {});
  sent.held_by = HeldBy::in_flight;
  const Reason reason =
      only(verdict(request("0.0.0.0", 8080), {sent}), ReasonCode::in_flight);
  EXPECT_EQ(
      reason.text,
      "0.0.0.0:8080/tcp is held by a descriptor on its way between processes: "
      "in a message that nobody has received yet, or in an io_uring");
  EXPECT_EQ(commands(reason.remedies), Words{"ss -xp"});
}

TEST(Explain, KernelHolder_NamesTheUsualService) {
  Binding vxlan =
      binding(SocketState::bound, endpoint("0.0.0.0", 4789, Protocol::udp), {});
  vxlan.held_by = HeldBy::kernel;
  const Reason reason =
      only(verdict(request("0.0.0.0", 4789, Protocol::udp), {vxlan}),
           ReasonCode::kernel);
  EXPECT_EQ(reason.text,
            "0.0.0.0:4789/udp is held by the kernel itself, as a rule for VXLAN");
  EXPECT_EQ(commands(reason.remedies), Words{"ip -d link show type vxlan"});
}

TEST(Explain, HiddenHolderOnAPortOfTheKernels_IsPerhapsTheKernel) {
  for (const bool looked_at : {true, false}) {  // nobody found, or not looked at
    Binding vxlan =
        binding(SocketState::bound, endpoint("0.0.0.0", 4789, Protocol::udp), {});
    vxlan.held_by.reset();
    if (!looked_at) {
      vxlan.holders.reset();
    }
    const Reason reason =
        only(verdict(request("0.0.0.0", 4789, Protocol::udp), {vxlan}),
             ReasonCode::listener);
    EXPECT_EQ(
        reason.text,
        "0.0.0.0:4789/udp is taken by somebody who is not visible, perhaps by "
        "the kernel itself (VXLAN)");
    EXPECT_EQ(commands(reason.remedies), Words{"ip -d link show type vxlan"});
  }
  const Binding known =
      binding(SocketState::bound, endpoint("0.0.0.0", 4789, Protocol::udp));
  EXPECT_EQ(only(verdict(request("0.0.0.0", 4789, Protocol::udp), {known}),
                 ReasonCode::listener)
                .text,
            "0.0.0.0:4789/udp is taken by python3 (pid 1234, root)");
}

TEST(Explain, DatagramSocket_Serves) {
  const Reason reason = only(
      verdict(request("127.0.0.1", 53, Protocol::udp),
              {binding(SocketState::bound, endpoint("0.0.0.0", 53, Protocol::udp),
                       {process(9, "dnsmasq")})}),
      ReasonCode::listener);
  EXPECT_EQ(reason.text, "0.0.0.0:53/udp is taken by dnsmasq (pid 9, root)");
}

TEST(Explain, HiddenHolder_IsNotInvented) {
  Binding hidden = listener("0.0.0.0", 80);
  hidden.holders.reset();
  hidden.held_by.reset();
  const Reason reason =
      only(verdict(request("0.0.0.0", 80), {hidden}), ReasonCode::listener);
  EXPECT_EQ(reason.text,
            "0.0.0.0:80/tcp is listened on by somebody who is not visible");
  EXPECT_TRUE(reason.remedies.empty());
}

TEST(Explain, ReusePortOfAnotherUser_IsTheReason) {
  BindRequest wanted = request("0.0.0.0", 80);
  wanted.reuse_port = true;
  Binding held = listener("0.0.0.0", 80);
  held.reuse_port = true;
  const Reason reason = only(verdict(wanted, {held}), ReasonCode::listener);
  EXPECT_NE(reason.text.find("; its SO_REUSEPORT is for uid 0, not for uid 1000"),
            std::string::npos)
      << reason.text;
}

TEST(Explain, ReuseAddressBesideAListener_DoesNotHelp) {
  BindRequest wanted = request("0.0.0.0", 80);
  wanted.reuse_addr = true;
  Binding held = listener("0.0.0.0", 80);
  held.reuse_addr = true;
  const Reason reason = only(verdict(wanted, {held}), ReasonCode::listener);
  EXPECT_NE(reason.text.find("; SO_REUSEADDR does not help beside a listener"),
            std::string::npos)
      << reason.text;
}

TEST(Explain, OwnOptionsThatHelp_ComeFirst) {
  const Reason dual = only(verdict(request("::", 80), {listener("0.0.0.0", 80)}),
                           ReasonCode::listener);
  EXPECT_EQ(dual.remedies[0].text, "set IPV6_V6ONLY, if IPv6 is enough");
  Binding sharing = listener("0.0.0.0", 80);
  sharing.reuse_port = true;
  sharing.uid = 1000;
  const Reason shared =
      only(verdict(request("0.0.0.0", 80), {sharing}), ReasonCode::listener);
  EXPECT_EQ(shared.remedies[0].text,
            "set SO_REUSEPORT, if both are to share the traffic");
  EXPECT_EQ(commands(shared.remedies), (Words{"-", "kill 1234"}));
}

TEST(Explain, SeveralOwners_SeveralReasonsInOneOrder) {
  const Verdict said = verdict(
      request("0.0.0.0", 8080),
      {time_wait("127.0.0.3", 8080, 5),
       binding(SocketState::bound, endpoint("127.0.0.2", 8080), {process(9, "b")}),
       binding(SocketState::bound, endpoint("127.0.0.1", 8080),
               {process(8, "a")})});
  EXPECT_EQ(codes(said),
            (Codes{ReasonCode::bound, ReasonCode::bound, ReasonCode::time_wait}));
  EXPECT_EQ(said.reasons[0].bindings[0].holders->front().name, "a");
}

TEST(Explain, SocketsMayBeMissing_UnknownUnlessBlocked) {
  Answer partial;
  partial.miss({"sockets", "no rights"});
  const BindRequest wanted = request("0.0.0.0", 8080);
  Verdict said = explain(wanted, partial, host(), context());
  EXPECT_EQ(said.outcome, Answerable::unknown);
  EXPECT_EQ(said.confidence, Confidence::partial);
  EXPECT_EQ(said.missing, partial.missing);
  partial.bindings = {listener("0.0.0.0", 8080)};
  EXPECT_EQ(explain(wanted, partial, host(), context()).outcome,
            Answerable::blocked);
}

TEST(Explain, OtherNamespacesAreMissing_MattersThereOnly) {
  Answer partial;
  partial.miss({"namespaces", "no rights"});
  BindRequest wanted = request("0.0.0.0", 8080);
  EXPECT_EQ(explain(wanted, partial, host(), context()).outcome, Answerable::free);
  wanted.netns = kOtherNetns;
  EXPECT_EQ(explain(wanted, partial, host(), context()).outcome,
            Answerable::unknown);
}

}  // namespace
}  // namespace portwatch::test
