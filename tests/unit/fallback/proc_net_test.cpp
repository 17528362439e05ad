// Text of Linux 6.18 on a little-endian machine. The test of the byte order
// writes the words as this machine would.
#include "fallback/proc_net.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>

namespace portwatch {
namespace {

constexpr std::string_view kTcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   "
    "uid  "
    "timeout inode                                                     \n"
    "   0: 0100007F:13C3 00000000:0000 0A 00000000:00000000 00:00000000 00000000   "
    "  0   "
    "     0 537790 1 00000000caab7fb5 100 0 0 10 0                    \n"
    "   2: 0100007F:A49C 0100007F:13C3 06 00000000:00000000 03:00001770 00000000   "
    "  0   "
    "     0 0 3 000000004b7ee3e9                                      \n";
constexpr std::string_view kUdp6 =
    "  sl  local_address                         remote_address                    "
    "    st "
    "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer "
    "drops\n"
    " 6377: 00000000000000000000000000000000:13C2 "
    "00000000000000000000000000000000:0000 07 "
    "00000000:00000000 00:00000000 00000000     0        0 537784 2 "
    "000000003272a0d7 0\n";

std::string line_at(const char* address, const char* state = "0A") {
  in_addr bytes{};
  inet_pton(AF_INET, address, &bytes);
  char text[200];
  std::snprintf(text, sizeof text,
                "   0: %08X:1F90 00000000:0000 %s 00000000:00000000 00:00000000 "
                "00000000  1000        0 42 1 0000 100 0 0 10 0",
                bytes.s_addr, state);
  return text;
}

TEST(ParseProcNet, Tcp_ListenerAndTimeWait) {
  const auto sockets = parse_proc_net(kTcp, Protocol::tcp, Family::ipv4);
  ASSERT_EQ(sockets.size(), 2u);
  EXPECT_EQ(sockets[0].local.port, 5059);
  EXPECT_EQ(sockets[0].state, SocketState::listening);
  EXPECT_EQ(sockets[0].inode, 537790u);
  EXPECT_EQ(sockets[1].state, SocketState::closing);
  EXPECT_EQ(sockets[1].inode, 0u);
  EXPECT_EQ(sockets[1].remote_port, 5059);
  EXPECT_EQ(sockets[1].remaining, std::chrono::milliseconds(60000));
  EXPECT_FALSE(sockets[0].remaining);
}

TEST(ParseProcNet, TimerOfARetransmission_IsNoRemainingTime) {
  const auto remaining = [](const std::string& timer) {
    const auto socket = parse_proc_net_line(
        "   2: 0100007F:A49C 0100007F:13C3 04 00000000:00000001 " + timer +
            " 00000000     0        0 0 3 000000004b7ee3e9",
        Protocol::tcp, Family::ipv4);
    return socket ? socket->remaining : std::chrono::milliseconds(-1);
  };
  EXPECT_FALSE(remaining("01:00000014"));
  EXPECT_FALSE(remaining("02:00000014"));
  EXPECT_FALSE(remaining("03"));
  EXPECT_FALSE(remaining("03:"));
  EXPECT_EQ(remaining("03:00000014"), std::chrono::milliseconds(200));
}

TEST(ParseProcNet, OrphanInFinWait2_IsNotInTimeWait) {
  const auto waits_for_the_peer = [](const std::string& state_and_timer) {
    const auto socket =
        parse_proc_net_line("   2: 0100007F:A49C 0100007F:13C3 " + state_and_timer +
                                " 00000000     0        0 0 3 000000004b7ee3e9",
                            Protocol::tcp, Family::ipv4);
    return socket && socket->fin_wait2;
  };
  EXPECT_TRUE(waits_for_the_peer("05 00000000:00000000 03:00001770"));
  EXPECT_FALSE(waits_for_the_peer("06 00000000:00000000 03:00001770"));
  EXPECT_FALSE(waits_for_the_peer("05 00000000:00000000 00:00000000"));
}

TEST(ParseProcNet, Udp6_IsBound) {
  const auto sockets = parse_proc_net(kUdp6, Protocol::udp, Family::ipv6);
  ASSERT_EQ(sockets.size(), 1u);
  EXPECT_EQ(endpoint_text(sockets[0].local), "[::]:5058");
  EXPECT_EQ(sockets[0].state, SocketState::bound);
  EXPECT_FALSE(sockets[0].ipv6_only) << "the file does not say";
}

TEST(ParseProcNetLine, Address_ComesOutInNetworkOrderOnAnyMachine) {
  const auto socket =
      parse_proc_net_line(line_at("10.1.2.3"), Protocol::tcp, Family::ipv4);
  ASSERT_TRUE(socket);
  EXPECT_EQ(endpoint_text(socket->local), "10.1.2.3:8080");
}

TEST(ParseProcNetLine, States_AreThoseOfTheContract) {
  const auto state_of = [](const char* state) {
    return parse_proc_net_line(line_at("127.0.0.1", state), Protocol::tcp,
                               Family::ipv4)
        ->state;
  };
  EXPECT_EQ(state_of("01"), SocketState::connected);
  EXPECT_EQ(state_of("04"), SocketState::closing);
  EXPECT_EQ(state_of("08"), SocketState::connected);
  EXPECT_EQ(state_of("0C"), SocketState::connected);
}

TEST(ParseProcNetLine, WrongText_IsNothing) {
  const std::string good = line_at("127.0.0.1");
  EXPECT_FALSE(parse_proc_net_line("", Protocol::tcp, Family::ipv4));
  EXPECT_FALSE(parse_proc_net_line(good, Protocol::tcp, Family::ipv6));
  EXPECT_FALSE(
      parse_proc_net_line(line_at("127.0.0.1", "00"), Protocol::tcp, Family::ipv4));
  EXPECT_FALSE(
      parse_proc_net_line(line_at("127.0.0.1", "ZZ"), Protocol::tcp, Family::ipv4));
  const std::size_t inode_end = good.find(" 42 ") + 3;
  for (std::size_t size = 0; size < inode_end - 1; ++size) {
    EXPECT_FALSE(parse_proc_net_line(std::string_view(good).substr(0, size),
                                     Protocol::tcp, Family::ipv4))
        << size;
  }
}

TEST(ParseProcNetLine, PortZero_HoldsNoPort) {
  std::string line = line_at("127.0.0.1");
  line.replace(line.find("1F90"), 4, "0000");
  EXPECT_FALSE(parse_proc_net_line(line, Protocol::tcp, Family::ipv4));
}

}  // namespace
}  // namespace portwatch
