// The address, the privilege, and automatic ports.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/conflict/sample.h"

namespace portwatch::test {
namespace {

using Codes = std::vector<ReasonCode>;
using Words = std::vector<std::string>;

BindRequest without_rights(const std::string& address, Port port) {
  BindRequest wanted = request(address, port);
  wanted.may_bind_low_ports = false;
  return wanted;
}

TEST(Explain, ForeignAddress_OffersLocalOnes) {
  const Verdict said = verdict(request("192.0.2.1", 8080), {});
  EXPECT_EQ(said.outcome, Answerable::blocked);
  EXPECT_EQ(said.error, EADDRNOTAVAIL);
  const Reason reason = only(said, ReasonCode::not_local);
  EXPECT_EQ(reason.text, "192.0.2.1 is not an address of this host");
  EXPECT_EQ(reason.remedies[0].text,
            "bind an address of this host, such as 0.0.0.0, 127.0.0.1 and "
            "192.168.1.5");
  EXPECT_EQ(commands(reason.remedies),
            (Words{"-", "-", "sysctl -w net.ipv4.ip_nonlocal_bind=1"}));
}

TEST(Explain, ForeignAddress_NeverOffersABroadcastOne) {
  HostFacts facts = host();
  LocalAddress all = local("127.255.255.255", 32);
  all.broadcast = true;
  facts.addresses->insert(facts.addresses->begin(), all);
  facts.addresses->push_back(local("192.168.1.6", 32));
  const Verdict said =
      explain(request("192.0.2.1", 8080), answer({}), facts, context());
  EXPECT_EQ(only(said, ReasonCode::not_local).remedies[0].text,
            "bind an address of this host, such as 0.0.0.0, 127.0.0.1 and "
            "192.168.1.5");
  EXPECT_EQ(explain(request("127.255.255.255", 8080), answer({}), facts, context())
                .outcome,
            Answerable::free)
      << "the kernel lets it be bound";
}

TEST(Explain, LowPortWithoutRights_SaysWhichAndHow) {
  const Verdict said = verdict(without_rights("127.0.0.1", 80), {});
  EXPECT_EQ(said.error, EACCES);
  const Reason reason = only(said, ReasonCode::low_port);
  EXPECT_EQ(reason.text,
            "ports below 1024 are for programs with CAP_NET_BIND_SERVICE");
  EXPECT_EQ(commands(reason.remedies),
            (Words{"-", "-", "setcap cap_net_bind_service=+ep PROGRAM",
                   "sysctl -w net.ipv4.ip_unprivileged_port_start=80"}));
}

TEST(Explain, RightsNotKnown_UnknownUnlessOtherwiseBlocked) {
  Verdict said = verdict(request("127.0.0.1", 80), {});
  EXPECT_EQ(said.outcome, Answerable::unknown);
  EXPECT_EQ(said.error, 0);
  EXPECT_FALSE(only(said, ReasonCode::low_port).blocks);
  said = verdict(request("127.0.0.1", 80), {listener("127.0.0.1", 80)});
  EXPECT_EQ(said.outcome, Answerable::blocked);
  EXPECT_EQ(codes(said), (Codes{ReasonCode::listener, ReasonCode::low_port}));
}

TEST(Explain, EverythingWrong_InTheOrderOfTheKernel) {
  const auto held = listener("0.0.0.0", 80);
  Verdict said = verdict(without_rights("192.0.2.1", 80), {held});
  EXPECT_EQ(said.error, EADDRNOTAVAIL);
  EXPECT_EQ(codes(said), (Codes{ReasonCode::not_local, ReasonCode::low_port,
                                ReasonCode::listener}));
  said = verdict(without_rights("2001:db8::1", 80), {listener("::", 80)});
  EXPECT_EQ(said.error, EACCES) << "IPv6 looks at the port first";
  EXPECT_EQ(codes(said), (Codes{ReasonCode::low_port, ReasonCode::not_local,
                                ReasonCode::listener}));
}

TEST(Explain, UnprivilegedStartIsLower_PortIsForAll) {
  HostFacts facts = host();
  facts.unprivileged_port_start = 80;
  EXPECT_EQ(explain(without_rights("0.0.0.0", 80), {}, facts, context()).outcome,
            Answerable::free);
  EXPECT_EQ(explain(without_rights("0.0.0.0", 79), {}, facts, context()).error,
            EACCES);
}

TEST(Explain, AddressUnderCheck_TentativeOrDuplicate) {
  HostFacts facts = host();
  LocalAddress address = local("fd00::1", 128);
  address.tentative = true;
  facts.addresses->push_back(address);
  Verdict said = explain(request("fd00::1", 8080), {}, facts, context());
  EXPECT_EQ(said.error, EADDRNOTAVAIL);
  EXPECT_EQ(
      only(said, ReasonCode::tentative).text,
      "fd00::1 is still being checked for duplicates (DAD), for a second or so "
      "after it was added");
  facts.addresses->back().dad_failed = true;
  said = explain(request("fd00::1", 8080), {}, facts, context());
  EXPECT_EQ(only(said, ReasonCode::tentative).text,
            "another host of the network has fd00::1 too: the check for duplicates "
            "(DAD) failed");
  BindRequest free = request("fd00::1", 8080);
  free.free_bind = true;
  EXPECT_EQ(explain(free, {}, facts, context()).outcome, Answerable::free);
}

TEST(Explain, AddressesNotKnown_Unknown) {
  HostFacts facts = host();
  facts.addresses.reset();
  EXPECT_EQ(explain(request("10.0.0.1", 8080), {}, facts, context()).outcome,
            Answerable::unknown);
  EXPECT_EQ(explain(request("0.0.0.0", 8080), {}, facts, context()).outcome,
            Answerable::free);
}

TEST(Explain, ImpossibleIpv6Requests_HaveTheirErrno) {
  HostFacts facts = host();
  BindRequest mapped = request("::ffff:127.0.0.1", 8080);
  mapped.ipv6_only = true;
  EXPECT_EQ(explain(mapped, {}, facts, context()).error, EINVAL);
  EXPECT_EQ(explain(request("fe80::1", 8080), {}, facts, context()).error, EINVAL);
  EXPECT_EQ(explain(request("ff05::1", 8080), {}, facts, context()).error, EINVAL);
  facts.ipv6 = false;
  EXPECT_EQ(explain(request("::", 8080), {}, facts, context()).error, EAFNOSUPPORT);
}

TEST(Explain, ProtocolThatTheKernelLacks_IsTheFirstReason) {
  HostFacts facts = host();
  facts.protocol = false;
  for (const char* address : {"192.0.2.1", "::1"}) {
    BindRequest wanted = request(address, 80, Protocol::sctp);
    wanted.may_bind_low_ports = false;
    const Verdict said = explain(wanted, answer({}), facts, context());
    EXPECT_EQ(said.error, EPROTONOSUPPORT) << address;
    EXPECT_EQ(codes(said).front(), ReasonCode::unsupported) << address;
    EXPECT_EQ(said.reasons[0].text,
              "this kernel makes no sockets of the protocol sctp");
    EXPECT_EQ(commands(said.reasons[0].remedies), Words{"modprobe sctp"});
  }
}

class AutomaticPort : public ::testing::Test {
 protected:
  AutomaticPort() {
    facts_.ephemeral = {20000, 20003};
    context_.host.emplace();
  }
  void take(Port first, Port last, pid_t pid) {
    for (unsigned port = first; port <= last; ++port) {
      context_.host->bindings.push_back(binding(
          SocketState::connected, endpoint("127.0.0.1", static_cast<Port>(port)),
          {process(pid, "curl")}));
    }
  }
  Verdict ask() const {
    return explain(request("0.0.0.0", 0), {}, facts_, context_);
  }
  HostFacts facts_ = host();
  Context context_ = context();
};

TEST_F(AutomaticPort, OneLeft_Free) {
  take(20000, 20002, 7);
  EXPECT_EQ(ask().outcome, Answerable::free);
}

TEST_F(AutomaticPort, NoneLeft_NamesWhoHasMost) {
  take(20000, 20002, 7);
  take(20003, 20003, 8);
  const Verdict said = ask();
  EXPECT_EQ(said.error, EADDRINUSE);
  const Reason reason = only(said, ReasonCode::exhausted);
  EXPECT_EQ(
      reason.text,
      "all 4 automatic ports (20000-20003) are taken: curl (pid 7, root) has 3 "
      "and curl (pid 8, root) has 1");
  EXPECT_EQ(
      commands(reason.remedies),
      (Words{"sysctl -w net.ipv4.ip_local_port_range=\"20000 65535\"", "kill 7"}));
}

TEST_F(AutomaticPort, RangeThatEndsAtTheTop_IsWidenedDownwards) {
  take(65530, 65535, 7);
  const auto remedy = [this](Port first) {
    facts_.ephemeral = {first, 65535};
    return only(ask(), ReasonCode::exhausted).remedies.at(0);
  };
  EXPECT_EQ(remedy(65530),
            (Remedy{"widen the range",
                    "sysctl -w net.ipv4.ip_local_port_range=\"32768 65535\""}));
  facts_.reserved = {{32768, 65529}};
  EXPECT_EQ(remedy(32768),
            (Remedy{"widen the range downwards, where any client may then take a "
                    "server's port before it",
                    "sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\""}));
}

TEST_F(AutomaticPort, TheRestIsReserved_Exhausted) {
  facts_.reserved = {{20001, 20003}};
  take(20000, 20000, 7);
  EXPECT_EQ(ask().outcome, Answerable::blocked);
}

TEST_F(AutomaticPort, OtherNamespace_TakesNothing) {
  take(20000, 20003, 7);
  context_.host->bindings.back().netns = kOtherNetns;
  EXPECT_EQ(ask().outcome, Answerable::free);
}

TEST_F(AutomaticPort, HostNotLookedAt_Unknown) {
  context_.host.reset();
  EXPECT_EQ(ask().outcome, Answerable::unknown);
}

}  // namespace
}  // namespace portwatch::test
