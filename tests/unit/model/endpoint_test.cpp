#include "userspace/model/endpoint.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

namespace portwatch {
namespace {

Endpoint endpoint(Family family, const std::string& address, Port port) {
  Endpoint at;
  at.family = family;
  at.address = parse_address(family, address).value();
  at.port = port;
  return at;
}

TEST(Endpoint, Ipv4Text_HasNoBrackets) {
  const Endpoint at = endpoint(Family::ipv4, "127.0.0.1", 80);
  EXPECT_EQ(address_text(at), "127.0.0.1");
  EXPECT_EQ(endpoint_text(at), "127.0.0.1:80");
}

TEST(Endpoint, Ipv6Text_HasBrackets) {
  EXPECT_EQ(endpoint_text(endpoint(Family::ipv6, "::", 80)), "[::]:80");
  EXPECT_EQ(address_text(endpoint(Family::ipv6, "::ffff:10.0.0.1", 1)),
            "::ffff:10.0.0.1");
}

TEST(ParseAddress, Ipv4_UsesTheFirstFourBytesInNetworkOrder) {
  const auto bytes = parse_address(Family::ipv4, "10.1.2.3");
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*bytes, (AddressBytes{10, 1, 2, 3}));
}

TEST(ParseAddress, OtherFamilyOrRubbish_IsInvalid) {
  EXPECT_EQ(parse_address(Family::ipv4, "::1").error().code, Errc::invalid);
  EXPECT_EQ(parse_address(Family::ipv6, "10.0.0.1").error().code, Errc::invalid);
  EXPECT_EQ(parse_address(Family::ipv4, "").error().code, Errc::invalid);
}

TEST(Protocol, Names_GoBothWays) {
  for (const char* name : {"tcp", "udp", "mptcp", "udplite", "sctp"}) {
    const auto protocol = protocol_from(name);
    ASSERT_TRUE(protocol) << name;
    EXPECT_EQ(to_string(*protocol), name);
  }
  EXPECT_FALSE(protocol_from("TCP"));
  EXPECT_FALSE(protocol_from(""));
}

TEST(Protocol, Numbers_AreThoseOfTheKernel) {
  EXPECT_EQ(protocol_from_number(IPPROTO_TCP), Protocol::tcp);
  EXPECT_EQ(protocol_from_number(IPPROTO_UDP), Protocol::udp);
  EXPECT_EQ(protocol_from_number(136), Protocol::udplite);
  EXPECT_EQ(protocol_from_number(132), Protocol::sctp);
  EXPECT_EQ(protocol_from_number(262), Protocol::mptcp);
  EXPECT_FALSE(protocol_from_number(IPPROTO_ICMP));
}

TEST(Covers, TcpAsksForMptcpToo_NotTheOtherWayRound) {
  EXPECT_TRUE(covers(Protocol::tcp, Protocol::mptcp));
  EXPECT_TRUE(covers(Protocol::udp, Protocol::udp));
  EXPECT_FALSE(covers(Protocol::mptcp, Protocol::tcp));
  EXPECT_FALSE(covers(Protocol::udp, Protocol::udplite));
}

TEST(ParsePortSpec, PortWithAndWithoutProtocol) {
  EXPECT_EQ(parse_port_spec("5055")->port, 5055);
  EXPECT_FALSE(parse_port_spec("5055")->protocol);
  EXPECT_EQ(parse_port_spec("1/udp")->protocol, Protocol::udp);
  EXPECT_EQ(parse_port_spec("65535")->port, 65535);
}

TEST(ParsePortSpec, BadInput_SaysWhatIsWrongAndTheForm) {
  for (const char* text :
       {"", "0", "65536", "70000", "abc", "-1", "+1", " 1", "1 ", "5055/xyz",
        "5055/", "/tcp", "1.5", "0x50", "99999999999999999999999999"}) {
    const auto spec = parse_port_spec(text);
    ASSERT_FALSE(spec) << text;
    EXPECT_EQ(spec.error().code, Errc::invalid) << text;
    EXPECT_NE(spec.error().context.find("5055/udp"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace portwatch
