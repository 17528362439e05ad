// The rows of the kernel's tables. tests/bpf/bind_rules asks the kernel itself.
#include "userspace/conflict/conflict.h"

#include <gtest/gtest.h>

#include "tests/unit/conflict/sample.h"

namespace portwatch::test {
namespace {

using Maybe = std::optional<bool>;
constexpr Maybe kNotKnown = std::nullopt;

struct AddressRow {
  const char* wanted;
  const char* held;
  bool overlap;
};

class Addresses : public ::testing::TestWithParam<AddressRow> {};

TEST_P(Addresses, Overlap_InBothDirections) {
  const AddressRow& row = GetParam();
  EXPECT_EQ(conflicts(request(row.wanted, 80), listener(row.held, 80)),
            row.overlap);
  EXPECT_EQ(conflicts(request(row.held, 80), listener(row.wanted, 80)),
            row.overlap);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Addresses,
    ::testing::Values(
        AddressRow{"127.0.0.1", "127.0.0.1", true},
        AddressRow{"0.0.0.0", "0.0.0.0", true},
        AddressRow{"0.0.0.0", "127.0.0.1", true},
        AddressRow{"127.0.0.1", "127.0.0.2", false},
        AddressRow{"::", "0.0.0.0", true}, AddressRow{"::", "127.0.0.1", true},
        AddressRow{"::", "::1", true}, AddressRow{"::", "::", true},
        AddressRow{"::1", "::1", true}, AddressRow{"::1", "::2", false},
        AddressRow{"::1", "127.0.0.1", false}, AddressRow{"::1", "0.0.0.0", false},
        AddressRow{"::ffff:127.0.0.1", "127.0.0.1", true},
        AddressRow{"::ffff:127.0.0.1", "0.0.0.0", true},
        AddressRow{"::ffff:127.0.0.1", "127.0.0.2", false},
        AddressRow{"::ffff:127.0.0.1", "::", true},
        AddressRow{"::ffff:0.0.0.0", "127.0.0.1", true},
        AddressRow{"::ffff:0.0.0.0", "::1", false}));

TEST(Addresses, Ipv6OnlyWildcard_LeavesIpv4Alone) {
  BindRequest wanted = request("::", 80);
  wanted.ipv6_only = true;
  EXPECT_EQ(conflicts(wanted, listener("0.0.0.0", 80)), false);
  EXPECT_EQ(conflicts(wanted, listener("::ffff:127.0.0.1", 80)), false);
  EXPECT_EQ(conflicts(wanted, listener("::1", 80)), true);
  Binding held = listener("::", 80);
  held.ipv6_only = true;
  EXPECT_EQ(conflicts(request("127.0.0.1", 80), held), false);
  EXPECT_EQ(conflicts(request("::1", 80), held), true);
  held.ipv6_only.reset();
  EXPECT_EQ(conflicts(request("127.0.0.1", 80), held), kNotKnown);
}

TEST(Addresses, DualSocketThatConnected_MeetsTheIpv4Wildcard) {
  Binding client = binding(SocketState::connected, endpoint("::1", 80));
  client.ipv6_only = false;
  EXPECT_EQ(conflicts(request("0.0.0.0", 80), client), true);
  EXPECT_EQ(conflicts(request("127.0.0.1", 80), client), false);
  client.ipv6_only.reset();
  EXPECT_EQ(conflicts(request("0.0.0.0", 80), client), kNotKnown);
  client.ipv6_only = true;
  EXPECT_EQ(conflicts(request("0.0.0.0", 80), client), false);
}

TEST(Conflict, OtherPortNamespaceOrTable_IsNone) {
  const Binding held = listener("0.0.0.0", 80);
  EXPECT_EQ(conflicts(request("0.0.0.0", 81), held), false);
  EXPECT_EQ(conflicts(request("0.0.0.0", 0), held), false);
  EXPECT_EQ(conflicts(request("0.0.0.0", 80, Protocol::udp), held), false);
  EXPECT_EQ(conflicts(request("0.0.0.0", 80, Protocol::sctp), held), false);
  EXPECT_EQ(conflicts(request("0.0.0.0", 80, Protocol::mptcp), held), true);
  BindRequest elsewhere = request("0.0.0.0", 80);
  elsewhere.netns = kOtherNetns;
  EXPECT_EQ(conflicts(elsewhere, held), false);
}

TEST(Conflict, UdpAndUdpLite_AreTwoTables) {
  const Binding udp =
      binding(SocketState::bound, endpoint("0.0.0.0", 53, Protocol::udp));
  EXPECT_EQ(conflicts(request("0.0.0.0", 53, Protocol::udplite), udp), false);
  EXPECT_EQ(conflicts(request("0.0.0.0", 53, Protocol::udp), udp), true);
}

TEST(Conflict, Devices_MeetWhenEqualOrAny) {
  BindRequest wanted = request("0.0.0.0", 80);
  Binding held = listener("0.0.0.0", 80);
  held.interface_index = 2;
  EXPECT_EQ(conflicts(wanted, held), true);
  wanted.interface_index = 3;
  EXPECT_EQ(conflicts(wanted, held), false);
  wanted.interface_index = 2;
  EXPECT_EQ(conflicts(wanted, held), true);
  held.interface_index = 0;
  EXPECT_EQ(conflicts(wanted, held), true);
  held.interface = "eth0";  // and which index that is, is not known
  EXPECT_EQ(conflicts(wanted, held), kNotKnown);
}

// Options as letters: A SO_REUSEADDR, P SO_REUSEPORT.
struct OptionRow {
  const char* held;
  const char* wanted;
  bool same_user;
  Maybe listening;  // does a listening holder block
  Maybe bound;      // and one that is bound only
  Maybe datagram;
};

void set_options(const std::string& letters, auto& socket) {
  socket.reuse_addr = letters.find('A') != std::string::npos;
  socket.reuse_port = letters.find('P') != std::string::npos;
}

class Options : public ::testing::TestWithParam<OptionRow> {};

TEST_P(Options, Pass_AsTheKernelSays) {
  const OptionRow& row = GetParam();
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    for (const SocketState state : {SocketState::listening, SocketState::bound}) {
      BindRequest wanted = request("0.0.0.0", 80, protocol);
      Binding held = binding(state, endpoint("127.0.0.1", 80, protocol));
      set_options(row.wanted, wanted);
      set_options(row.held, held);
      held.uid = row.same_user ? wanted.uid : 7;
      EXPECT_EQ(conflicts(wanted, held), protocol == Protocol::udp ? row.datagram
                                         : state == SocketState::listening
                                             ? row.listening
                                             : row.bound)
          << row.held << " <- " << row.wanted << to_string(protocol)
          << to_string(state);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Options,
    ::testing::Values(OptionRow{"", "", true, true, true, true},
                      OptionRow{"A", "", true, true, true, true},
                      OptionRow{"", "A", true, true, true, true},
                      OptionRow{"A", "A", true, true, false, false},
                      OptionRow{"P", "", true, true, true, true},
                      OptionRow{"", "P", true, true, true, true},
                      OptionRow{"P", "P", true, false, false, false},
                      OptionRow{"P", "P", false, true, true, true},
                      OptionRow{"A", "P", true, true, true, true},
                      OptionRow{"P", "A", true, true, true, true},
                      OptionRow{"AP", "AP", true, false, false, false},
                      OptionRow{"AP", "AP", false, true, false, false}));

TEST(Options, UnknownUserOfTheRequest_IsAnother) {
  BindRequest wanted = request("0.0.0.0", 80);
  Binding held = listener("0.0.0.0", 80);
  wanted.reuse_port = true;
  held.reuse_port = true;
  held.uid.reset();
  EXPECT_EQ(conflicts(wanted, held), kNotKnown);
  wanted.uid.reset();
  EXPECT_EQ(conflicts(wanted, held), true);
}

TEST(TimeWait, OptionsThatTheKernelHides_AreNotKnown) {
  Binding closed = time_wait("127.0.0.1", 80, 43);
  BindRequest wanted = request("0.0.0.0", 80);
  EXPECT_EQ(conflicts(wanted, closed), true);
  wanted.reuse_addr = true;
  EXPECT_EQ(conflicts(wanted, closed), kNotKnown);
  closed.reuse_addr = false;
  EXPECT_EQ(conflicts(wanted, closed), true);
  closed.reuse_addr = true;
  EXPECT_EQ(conflicts(wanted, closed), false);
  wanted.reuse_addr = false;
  wanted.reuse_port = true;
  EXPECT_EQ(conflicts(wanted, closed), kNotKnown);
  closed.reuse_port = true;
  EXPECT_EQ(conflicts(wanted, closed), false) << "whoever the user is";
}

TEST(Blockers, AllThatBlock_InTheirOrder) {
  BindRequest wanted = request("0.0.0.0", 80);
  wanted.reuse_addr = true;
  const std::vector<Binding> all = {listener("127.0.0.2", 80), listener("::1", 80),
                                    time_wait("127.0.0.1", 80, 9),
                                    listener("127.0.0.1", 80)};
  EXPECT_EQ(blockers(wanted, all), (std::vector{all[0], all[3]}));
  EXPECT_EQ(perhaps_blockers(wanted, all), std::vector{all[2]});
}

TEST(ListenBlockers, TwoReuseAddressBinds_OnlyOneListens) {
  Binding first = binding(SocketState::bound, endpoint("0.0.0.0", 80));
  Binding second = binding(SocketState::bound, endpoint("127.0.0.1", 80));
  first.reuse_addr = second.reuse_addr = true;
  std::vector<Binding> both = {first, second};
  EXPECT_TRUE(listen_blockers(second, both).empty());
  both[0].state = SocketState::listening;
  EXPECT_EQ(listen_blockers(second, both), std::vector{both[0]});
}

}  // namespace
}  // namespace portwatch::test
