// The rules of conflict/ against the running kernel: every pair is made of real
// sockets. Nothing may disagree.
#include "tests/bpf/bind_rules/matrix.h"
#include "tests/support/command.h"

namespace portwatch::test {
namespace {

// Every address with every option and user, against the same.
void try_all(Matrix& matrix, Hold how, Protocol holder_protocol,
             Protocol newcomer_protocol) {
  for (Wish holder : all_addresses()) {
    holder.protocol = holder_protocol;
    for (const Wish& held : with_options(holder, {1000})) {
      for (Wish newcomer : all_addresses()) {
        newcomer.protocol = newcomer_protocol;
        for (const Wish& wished : with_options(newcomer, {1000, 1001})) {
          matrix.try_pair(how, held, wished);
        }
      }
    }
  }
}

// ::1 is an address of lo alone; any device takes any IPv4 address.
bool can_be_on_it(const Wish& wish) {
  return wish.address != "::1" || wish.device.empty() || wish.device == "lo";
}

TEST(BindRules, TcpBound_AsTheKernel) {
  Matrix matrix(Protocol::tcp);
  try_all(matrix, Hold::bound, Protocol::tcp, Protocol::tcp);
  matrix.report("tcp bound", 2592);
}

TEST(BindRules, TcpListening_AsTheKernel) {
  Matrix matrix(Protocol::tcp);
  try_all(matrix, Hold::listening, Protocol::tcp, Protocol::tcp);
  matrix.report("tcp listening", 2592);
}

TEST(BindRules, TcpConnectedFromItsPort_AsTheKernel) {
  Matrix matrix(Protocol::tcp);
  try_all(matrix, Hold::connected, Protocol::tcp, Protocol::tcp);
  matrix.report("tcp connected", 2592);
}

TEST(BindRules, TcpClientOnAnAutomaticPort_AsTheKernel) {
  Matrix matrix(Protocol::tcp);
  try_all(matrix, Hold::client, Protocol::tcp, Protocol::tcp);
  matrix.report("tcp client", 2592);
}

TEST(BindRules, ChildOfADeadListener_AsTheKernel) {
  Matrix matrix(Protocol::tcp);
  try_all(matrix, Hold::child, Protocol::tcp, Protocol::tcp);
  matrix.report("tcp child", 2592);
}

TEST(BindRules, TimeWait_AsTheKernel) {
  Matrix matrix(Protocol::tcp);
  try_all(matrix, Hold::time_wait, Protocol::tcp, Protocol::tcp);
  matrix.report("tcp time_wait", 2592);
}

TEST(BindRules, UdpBound_AsTheKernel) {
  Matrix matrix(Protocol::udp);
  try_all(matrix, Hold::bound, Protocol::udp, Protocol::udp);
  matrix.report("udp bound", 2592);
}

TEST(BindRules, UdpConnected_AsTheKernel) {
  Matrix matrix(Protocol::udp);
  try_all(matrix, Hold::connected, Protocol::udp, Protocol::udp);
  matrix.report("udp connected", 2592);
}

TEST(BindRules, UdpClientOnAnAutomaticPort_AsTheKernel) {
  Matrix matrix(Protocol::udp);
  try_all(matrix, Hold::client, Protocol::udp, Protocol::udp);
  matrix.report("udp client", 2592);
}

TEST(BindRules, MptcpAndTcp_ShareOneTable) {
  Matrix matrix(Protocol::tcp);
  for (const Hold how : {Hold::bound, Hold::listening}) {
    try_all(matrix, how, Protocol::mptcp, Protocol::tcp);
    try_all(matrix, how, Protocol::tcp, Protocol::mptcp);
    try_all(matrix, how, Protocol::mptcp, Protocol::mptcp);
  }
  matrix.report("mptcp", 6 * 2592);
}

TEST(BindRules, TcpAndUdp_AreTwoTables) {
  Matrix matrix(Protocol::tcp);
  try_all(matrix, Hold::listening, Protocol::tcp, Protocol::udp);
  try_all(matrix, Hold::bound, Protocol::udp, Protocol::tcp);
  matrix.report("tcp and udp", 2 * 2592);
}

TEST(BindRules, UdpAndUdpLite_AreTwoTables) {
  Matrix matrix(Protocol::udp);
  try_all(matrix, Hold::bound, Protocol::udplite, Protocol::udplite);
  try_all(matrix, Hold::bound, Protocol::udplite, Protocol::udp);
  try_all(matrix, Hold::bound, Protocol::udp, Protocol::udplite);
  matrix.report("udp-lite", 3 * 2592);
}

TEST(BindRules, Devices_MeetWhenEqualOrAny) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    Matrix matrix(protocol);
    const auto made = run_command(
        {"/bin/ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    for (Wish holder : all_addresses()) {
      for (Wish newcomer : all_addresses()) {
        holder.protocol = newcomer.protocol = protocol;
        for (const char* device : {"", "lo", "v0"}) {
          for (const char* other : {"", "lo", "v0", "v1"}) {
            holder.device = device;
            newcomer.device = other;
            if (can_be_on_it(holder) && can_be_on_it(newcomer)) {
              matrix.try_pair(Hold::bound, holder, newcomer);
            }
          }
        }
      }
    }
    matrix.report(protocol == Protocol::tcp ? "tcp devices" : "udp devices", 800);
  }
}

// TCP keeps for each port that SO_REUSEPORT sockets of one user may come
// (tb->fastreuseport); an option that is cleared later does not change that.
bool kernel_remembers(const Wish& before, const Wish& after) {
  return is_stream(before.protocol) && before.reuse_port && !after.reuse_port;
}

TEST(BindRules, OptionsSetOrClearedAfterTheBind_CountAsTheyAreNow) {
  Matrix matrix(Protocol::tcp);
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    Wish wish;
    wish.protocol = protocol;
    for (const Hold how : {Hold::bound, Hold::listening}) {
      if (how == Hold::listening && !is_stream(protocol)) {
        continue;
      }
      for (const Wish& before : with_options(wish, {1000})) {
        for (const Wish& after : with_options(wish, {1000})) {
          for (const Wish& newcomer : with_options(wish, {1000, 1001})) {
            if (!kernel_remembers(before, after)) {
              matrix.try_pair(how, before, newcomer, after);
            }
          }
        }
      }
    }
  }
  matrix.report("changed options", 320);
}

// Both bind; the holder starts to listen, then the newcomer would like to.
TEST(BindRules, SecondListen_AsTheKernel) {
  Matrix matrix(Protocol::tcp);
  for (const Wish& holder : all_addresses()) {
    for (const Wish& held : with_options(holder, {1000})) {
      for (const Wish& newcomer : all_addresses()) {
        for (const Wish& wished : with_options(newcomer, {1000, 1001})) {
          matrix.try_listens(held, wished);
        }
      }
    }
  }
  matrix.report("second listen", 1500);
}

}  // namespace
}  // namespace portwatch::test
