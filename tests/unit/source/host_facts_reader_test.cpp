#include "userspace/source/host_facts_reader.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>

#include "tests/support/temp_dir.h"
#include "userspace/source/local_addresses.h"

namespace portwatch {
namespace {

using Ports = std::vector<PortInterval>;

TEST(PortList, KernelsOwnForms_AreRead) {
  EXPECT_EQ(parse_port_list("\n"), Ports{});
  EXPECT_EQ(parse_port_list(""), Ports{});
  EXPECT_EQ(parse_port_list("8080\n"), (Ports{{8080, 8080}}));
  EXPECT_EQ(parse_port_list("8080,9148-9150,65535\n"),
            (Ports{{8080, 8080}, {9148, 9150}, {65535, 65535}}));
}

TEST(PortList, AnythingElse_IsRefused) {
  for (const char* text :
       {"x", "8080;", "8080-", "9150-9148", "65536", "-1", "80 81", "80\n81"}) {
    EXPECT_EQ(parse_port_list(text), std::nullopt) << text;
  }
}

class SysctlTree : public ::testing::Test {
 protected:
  void SetUp() override {
    write("ipv4/ip_local_port_range", "40000\t41000\n");
    write("ipv4/ip_local_reserved_ports", "40010-40020\n");
  }
  void write(const std::string& name, const std::string& text) {
    const auto path = std::filesystem::path(directory_ / name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  Result<HostFacts> read() const { return read_host_facts(directory_.path()); }
  test::TempDir directory_;
};

TEST_F(SysctlTree, Settings_AreTaken) {
  write("ipv4/ip_unprivileged_port_start", "80\n");
  write("ipv4/ip_nonlocal_bind", "1\n");
  write("ipv6/ip_nonlocal_bind", "0\n");
  const auto facts = read();
  ASSERT_TRUE(facts.ok()) << facts.error().context;
  EXPECT_EQ(facts->ephemeral, (PortInterval{40000, 41000}));
  EXPECT_EQ(facts->reserved, (Ports{{40010, 40020}}));
  EXPECT_EQ(facts->unprivileged_port_start, 80u);
  EXPECT_TRUE(facts->nonlocal_bind4);
  EXPECT_FALSE(facts->nonlocal_bind6);
}

TEST_F(SysctlTree, OldKernelWithoutUnprivilegedStart_Is1024) {
  ASSERT_TRUE(read().ok());
  EXPECT_EQ(read()->unprivileged_port_start, 1024u);
}

TEST_F(SysctlTree, RangeMissing_IsAnError) {
  std::filesystem::remove(directory_ / "ipv4/ip_local_port_range");
  const auto facts = read();
  ASSERT_FALSE(facts.ok());
  EXPECT_NE(facts.error().context.find("ip_local_port_range"), std::string::npos);
}

TEST(MakesSockets, UsualProtocols_Always) {
  EXPECT_TRUE(makes_sockets(Protocol::tcp));
  EXPECT_TRUE(makes_sockets(Protocol::udp));
}

TEST(MakesSockets, ProtocolThatMayBeMissing_IsAsTheKernelSays) {
  const int any = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);
  EXPECT_EQ(makes_sockets(Protocol::sctp), any >= 0);
  if (any >= 0) {
    close(any);
  }
}

TEST(LocalAddresses, BroadcastRoute_IsMarkedAsOne) {
  struct {
    nlmsghdr header{};
    rtmsg route{};
    rtattr destination{};
    std::array<std::uint8_t, 4> address{127, 255, 255, 255};
  } message;
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = RTM_NEWROUTE;
  message.route.rtm_family = AF_INET;
  message.route.rtm_table = RT_TABLE_LOCAL;
  message.route.rtm_dst_len = 32;
  message.destination.rta_len = sizeof(rtattr) + 4;
  message.destination.rta_type = RTA_DST;
  const auto is_broadcast = [&message](unsigned char type) {
    message.route.rtm_type = type;
    std::vector<LocalAddress> addresses;
    parse_addresses({reinterpret_cast<const std::byte*>(&message), sizeof message},
                    addresses);
    return addresses.at(0).address[3] == 255 && addresses[0].broadcast;
  };
  EXPECT_TRUE(is_broadcast(RTN_BROADCAST));
  EXPECT_FALSE(is_broadcast(RTN_LOCAL));
}

TEST(LocalAddresses, CutOrWrongBytes_AreRefused) {
  nlmsghdr header{};
  header.nlmsg_len = sizeof header + 4;
  header.nlmsg_type = RTM_NEWADDR;
  std::vector<LocalAddress> addresses;
  const auto parse = [&](std::size_t size) {
    return parse_addresses({reinterpret_cast<const std::byte*>(&header), size},
                           addresses);
  };
  EXPECT_EQ(parse(sizeof header), std::nullopt);  // longer than there is
  EXPECT_EQ(parse(3), std::nullopt);
  header.nlmsg_len = 2;
  EXPECT_EQ(parse(sizeof header), std::nullopt);  // shorter than itself
  header.nlmsg_len = sizeof header;
  header.nlmsg_type = NLMSG_ERROR;
  EXPECT_EQ(parse(sizeof header), std::nullopt);
  EXPECT_TRUE(addresses.empty());
  header.nlmsg_type = NLMSG_DONE;
  EXPECT_EQ(parse(sizeof header), true);
}

}  // namespace
}  // namespace portwatch
