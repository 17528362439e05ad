// Bytes that Linux 6.18 sent on a little-endian machine, each followed by the
// end of its dump; the sequence number is 7.
#include "fallback/inet_diag.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tests/unit/fallback/hex.h"

namespace portwatch {
namespace {

using test::from_hex;
using Bytes = std::vector<std::byte>;

// An MPTCP listener on 127.0.0.1:5055, read as TCP with INET_DIAG_INFO.
const Bytes kMptcpListener = from_hex(
    "a8010000140002000700000049770000020a000013bf00007f0000010000000000000000"
    "000000000000000000000000000000000000000000000000fb3900000000000000000000"
    "00000000050000000000000097670900050008000000000008000f00000000000c001500"
    "010000000000000006001600520000001c0102000a000000000000000000000000000000"
    "000000000000000000000000050000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000a00000000000000"
    "03000000000000000000000000000000ffffffffffffffffffffffffffffffff00000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000100013000a0001006d707463700000001400000003000200"
    "070000004977000000000000");

// A TCP listener on [::1]:5056 with IPV6_V6ONLY.
const Bytes kTcp6Listener = from_hex(
    "840000001400020007000000497700000a0a000013c00000000000000000000000000000"
    "000000010000000000000000000000000000000000000000fc3900000000000000000000"
    "00000000050000000000000099670900050008000000000005000b000100000008000f00"
    "000000000c00150001000000000000000600160012000000140000000300020007000000"
    "4977000000000000");

// A TCP socket bound to 127.0.0.1:5057 that does not listen.
const Bytes kBound = from_hex(
    "7c0000001400020007000000497700000207000013c100007f0000010000000000000000"
    "000000000000000000000000000000000000000000000000fd3900000000000000000000"
    "0000000000000000000000009a670900050008000000000008000f00000000000c001500"
    "010000000000000006001600520000001400000003000200070000004977000000000000");

// A dual-stack UDP socket on [::]:5058.
const Bytes kUdp6Reply = from_hex(
    "840000001400020007000000497700000a07000013c20000000000000000000000000000"
    "000000000000000000000000000000000000000000000000fe3900000000000000000000"
    "0000000000000000000000009b670900050008000000000005000b000000000008000f00"
    "000000000c00150001000000000000000600160010000000140000000300020007000000"
    "4977000000000000");

// 127.0.0.1:35606 -> 127.0.0.1:5059 in TIME_WAIT.
const Bytes kTimeWait = from_hex(
    "60000000140002000700000049770000020603008b1613c37f0000010000000000000000"
    "000000007f00000100000000000000000000000000000000ff390000000000005cea0000"
    "0000000000000000000000000000000008000f0000000000140000000300020007000000"
    "4977000000000000");

const Bytes kNoSuchProtocol = from_hex("14000000030002000700000049770000feffffff");

DiagRequest request_for(Protocol protocol) {
  DiagRequest request;
  request.protocol = protocol;
  request.sequence = 7;
  return request;
}

struct Parsed {
  DumpPart part;
  std::vector<SocketRecord> sockets;
};

Parsed parse(const Bytes& bytes, Protocol protocol = Protocol::tcp) {
  Parsed parsed;
  parsed.part = parse_dump(bytes, request_for(protocol), parsed.sockets);
  return parsed;
}

Bytes without_end(Bytes bytes) {
  bytes.resize(bytes.size() - 20);
  return bytes;
}

TEST(ParseDump, Listener_IsReadWhole) {
  const Parsed parsed = parse(kTcp6Listener);
  EXPECT_TRUE(parsed.part.done);
  EXPECT_EQ(parsed.part.error, 0);
  ASSERT_EQ(parsed.sockets.size(), 1u);
  const SocketRecord& socket = parsed.sockets[0];
  EXPECT_EQ(endpoint_text(socket.local), "[::1]:5056");
  EXPECT_EQ(socket.local.protocol, Protocol::tcp);
  EXPECT_EQ(socket.state, SocketState::listening);
  EXPECT_EQ(socket.inode, 616345u);
  EXPECT_EQ(socket.ipv6_only, true);
  EXPECT_TRUE(socket.layer_known);
}

TEST(ParseDump, MptcpListener_IsKnownByItsUpperLayer) {
  const Parsed parsed = parse(kMptcpListener);
  ASSERT_EQ(parsed.sockets.size(), 1u);
  EXPECT_EQ(parsed.sockets[0].local.protocol, Protocol::mptcp);
  EXPECT_EQ(endpoint_text(parsed.sockets[0].local), "127.0.0.1:5055");
  EXPECT_FALSE(parsed.sockets[0].ipv6_only) << "nothing to know for IPv4";
}

TEST(ParseDump, BoundSocket_IsBound) {
  const Parsed parsed = parse(kBound);
  ASSERT_EQ(parsed.sockets.size(), 1u);
  EXPECT_EQ(parsed.sockets[0].state, SocketState::bound);
  EXPECT_EQ(parsed.sockets[0].local.port, 5057);
}

TEST(ParseDump, UdpSocket_IsBoundAndDualStack) {
  const Parsed parsed = parse(kUdp6Reply, Protocol::udp);
  ASSERT_EQ(parsed.sockets.size(), 1u);
  EXPECT_EQ(parsed.sockets[0].local.protocol, Protocol::udp);
  EXPECT_EQ(parsed.sockets[0].state, SocketState::bound);
  EXPECT_EQ(parsed.sockets[0].ipv6_only, false);
}

TEST(ParseDump, TimeWait_HasNoInodeAndARemoteEnd) {
  const Parsed parsed = parse(kTimeWait);
  ASSERT_EQ(parsed.sockets.size(), 1u);
  EXPECT_EQ(parsed.sockets[0].state, SocketState::closing);
  EXPECT_EQ(parsed.sockets[0].inode, 0u);
  EXPECT_EQ(parsed.sockets[0].remote_port, 5059);
  EXPECT_EQ(parsed.sockets[0].local.port, 35606);
  EXPECT_EQ(parsed.sockets[0].remaining, std::chrono::milliseconds(59996));
  EXPECT_FALSE(parsed.sockets[0].fin_wait2);
}

// As the kernel writes it: state and timer are those of the small socket.
TEST(ParseDump, OrphanInFinWait2_IsNotInTimeWait) {
  Bytes bytes = kTimeWait;
  bytes[16 + 1] = std::byte{5};  // idiag_state
  const Parsed parsed = parse(bytes);
  ASSERT_EQ(parsed.sockets.size(), 1u);
  EXPECT_TRUE(parsed.sockets[0].fin_wait2);
  EXPECT_EQ(parsed.sockets[0].remaining, std::chrono::milliseconds(59996));
}

// An orphan in FIN_WAIT1 has a timer too, but it sends again when that fires.
TEST(ParseDump, TimerOfARetransmission_IsNoRemainingTime) {
  Bytes bytes = kTimeWait;
  bytes[16 + 1] = std::byte{4};  // idiag_state
  bytes[16 + 2] = std::byte{1};  // idiag_timer
  const Parsed parsed = parse(bytes);
  ASSERT_EQ(parsed.sockets.size(), 1u);
  EXPECT_EQ(parsed.sockets[0].state, SocketState::closing);
  EXPECT_FALSE(parsed.sockets[0].remaining);
}

TEST(ParseDump, KernelsError_IsItsErrno) {
  const Parsed parsed = parse(kNoSuchProtocol);
  EXPECT_TRUE(parsed.part.done);
  EXPECT_EQ(parsed.part.error, ENOENT);
}

TEST(ParseDump, NumberThatIsNoErrno_IsBadMessage) {
  for (const std::int32_t number : {1, -4096, INT32_MIN}) {
    Bytes bytes = kNoSuchProtocol;
    std::memcpy(bytes.data() + 16, &number, sizeof number);
    EXPECT_EQ(parse(bytes).part.error, EBADMSG) << number;
  }
}

TEST(ParseDump, NoEndYet_IsNotDone) {
  const Parsed parsed = parse(without_end(kBound));
  EXPECT_FALSE(parsed.part.done);
  EXPECT_EQ(parsed.sockets.size(), 1u);
}

TEST(ParseDump, OtherSequenceNumber_IsPassedOver) {
  std::vector<SocketRecord> sockets;
  DiagRequest request = request_for(Protocol::tcp);
  request.sequence = 8;
  const DumpPart part = parse_dump(kBound, request, sockets);
  EXPECT_FALSE(part.done);
  EXPECT_TRUE(sockets.empty());
}

TEST(ParseDump, InterruptedFlag_IsTold) {
  Bytes bytes = kBound;
  bytes[6] |= std::byte{0x10};  // NLM_F_DUMP_INTR
  EXPECT_TRUE(parse(bytes).part.interrupted);
  EXPECT_FALSE(parse(kBound).part.interrupted);
}

TEST(ParseDump, SocketWithoutPort_IsLeftOutAndTold) {
  Bytes bytes = kBound;
  bytes[20] = bytes[21] = std::byte{0};
  EXPECT_TRUE(parse(bytes).sockets.empty());
  EXPECT_TRUE(parse(bytes).part.moved);
  EXPECT_FALSE(parse(kBound).part.moved);
}

TEST(ParseDump, BoundSocketThatNobodyHasOpen_HasMoved) {
  Bytes bytes = kBound;
  const std::size_t inode = 16 + 68;  // of inet_diag_msg, behind the header
  std::fill_n(bytes.begin() + inode, 4, std::byte{0});
  const Parsed parsed = parse(bytes);
  ASSERT_EQ(parsed.sockets.size(), 1u);
  EXPECT_EQ(parsed.sockets[0].inode, 0u);
  EXPECT_TRUE(parsed.part.moved);
}

TEST(ParseDump, CutAnywhere_IsAnErrorOrLessButNeverMore) {
  const Parsed whole = parse(kMptcpListener);
  for (std::size_t size = 1; size < kMptcpListener.size(); ++size) {
    const Parsed cut = parse(
        {kMptcpListener.begin(), kMptcpListener.begin() + static_cast<long>(size)});
    EXPECT_LE(cut.sockets.size(), whole.sockets.size()) << size;
    EXPECT_FALSE(cut.part.done && cut.part.error == 0) << size;
  }
}

TEST(ParseDump, ImpossibleLengths_AreErrors) {
  for (const std::uint32_t length : {0u, 15u, 1000u, 0xffffffffu}) {
    Bytes bytes = kBound;
    std::memcpy(bytes.data(), &length, sizeof length);
    EXPECT_EQ(parse(bytes).part.error, EBADMSG) << length;
  }
}

TEST(ParseDump, AttributeWithImpossibleLength_EndsTheAttributes) {
  for (const std::uint16_t length : {0, 3, 60000}) {
    Bytes bytes = kTcp6Listener;
    std::memcpy(bytes.data() + 16 + 72, &length, sizeof length);
    const Parsed parsed = parse(bytes);
    ASSERT_EQ(parsed.sockets.size(), 1u);
    EXPECT_FALSE(parsed.sockets[0].ipv6_only) << length;
  }
}

TEST(Encode, MptcpRequest_NamesItsProtocolInAnAttribute) {
  DiagRequest request = request_for(Protocol::mptcp);
  const Bytes bytes = encode(request);
  ASSERT_EQ(bytes.size(), 80u);
  std::uint32_t protocol = 0;
  std::memcpy(&protocol, bytes.data() + 76, sizeof protocol);
  EXPECT_EQ(protocol, 262u);
  EXPECT_EQ(bytes[17], std::byte{0}) << "older kernels must find nothing";
}

TEST(Encode, Port_IsInNetworkOrder) {
  DiagRequest request = request_for(Protocol::udp);
  request.port = 0x1234;
  const Bytes bytes = encode(request);
  EXPECT_EQ(bytes[24], std::byte{0x12});
  EXPECT_EQ(bytes[25], std::byte{0x34});
  EXPECT_EQ(bytes[17], std::byte{IPPROTO_UDP});
}

}  // namespace
}  // namespace portwatch
