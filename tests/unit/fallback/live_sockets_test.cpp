// Real sockets in a network namespace of their own, through both backends.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <thread>

#include "tests/support/fresh_netns.h"
#include "tests/support/sockets.h"
#include "tests/unit/fallback/look.h"

namespace portwatch {
namespace {

using test::about;
using test::look;

class LiveSockets : public testing::TestWithParam<Source> {
 protected:
  std::vector<Binding> on_port(Port port) {
    return look(GetParam(), about(port, netns_.inode())).bindings;
  }
  Binding only_one(Port port) {
    const auto found = on_port(port);
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? Binding{} : found.front();
  }
  // Connections are behind their listener when only the port is asked for.
  std::vector<Binding> connected_on(Port port) {
    Question question;
    question.netns = netns_.inode();
    question.connected = true;
    std::vector<Binding> found;
    for (Binding& binding : look(GetParam(), question).bindings) {
      if (binding.endpoint.port == port &&
          binding.state == SocketState::connected) {
        found.push_back(std::move(binding));
      }
    }
    return found;
  }
  bool by_netlink() const { return GetParam() == Source::sock_diag; }

  test::FreshNetns netns_;
};

INSTANTIATE_TEST_SUITE_P(Backends, LiveSockets,
                         testing::Values(Source::sock_diag, Source::procfs),
                         test::source_name);

bool is_held_here(const Binding& binding, const UniqueFd& socket) {
  if (!binding.holders) {
    return false;
  }
  for (const Process& holder : *binding.holders) {
    if (holder.id.pid == getpid()) {
      return holder.fds == std::vector<int>{socket.get()};
    }
  }
  return false;
}

TEST_P(LiveSockets, Listener_IsToldWithEverythingThatIsKnown) {
  const UniqueFd socket = test::listening_socket("127.0.0.1", 5055);
  struct stat facts {};
  ASSERT_EQ(fstat(socket.get(), &facts), 0);
  const Binding binding = only_one(5055);
  EXPECT_EQ(endpoint_text(binding.endpoint), "127.0.0.1:5055");
  EXPECT_EQ(binding.endpoint.protocol, Protocol::tcp);
  EXPECT_EQ(binding.state, SocketState::listening);
  EXPECT_EQ(binding.inode, facts.st_ino);
  EXPECT_EQ(binding.netns, netns_.inode());
  EXPECT_EQ(binding.id,
            std::to_string(netns_.inode()) + "-" + std::to_string(facts.st_ino));
  EXPECT_TRUE(binding.netns_cookie);
  EXPECT_FALSE(binding.ipv6_only || binding.since || binding.creator);
  EXPECT_EQ(binding.held_by, HeldBy::process);
  EXPECT_TRUE(is_held_here(binding, socket));
}

TEST_P(LiveSockets, BoundTcpSocketThatDoesNotListen_IsThere) {
  const UniqueFd socket = test::bound_socket("127.0.0.1", 5056);
  const Binding binding = only_one(5056);
  EXPECT_EQ(binding.state, SocketState::bound);
  EXPECT_EQ(binding.endpoint.protocol, Protocol::tcp);
  EXPECT_TRUE(is_held_here(binding, socket));
}

TEST_P(LiveSockets, DualStackListener_CoversBothFamilies) {
  const UniqueFd socket = test::listening_socket("::", 5057);
  const Binding binding = only_one(5057);
  EXPECT_EQ(endpoint_text(binding.endpoint), "[::]:5057");
  if (by_netlink()) {
    EXPECT_EQ(binding.ipv6_only, false);
  }
}

TEST_P(LiveSockets, V6OnlyAndV4_AreTwoBindings) {
  UniqueFd six = test::make_socket(Family::ipv6, test::kTcp);
  const int on = 1;
  ASSERT_EQ(setsockopt(six.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on), 0);
  ASSERT_EQ(test::try_bind(six, "::", 5058), 0);
  test::start_listening(six);
  const UniqueFd four = test::listening_socket("0.0.0.0", 5058);
  const auto found = on_port(5058);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].endpoint.family, Family::ipv4);
  EXPECT_TRUE(is_held_here(found[0], four));
  EXPECT_TRUE(is_held_here(found[1], six));
  if (by_netlink()) {
    EXPECT_EQ(found[1].ipv6_only, true);
  }
}

TEST_P(LiveSockets, UdpSockets_AreBoundUntilTheyConnect) {
  const UniqueFd four = test::bound_socket("127.0.0.1", 5059, test::kUdp);
  const UniqueFd six = test::bound_socket("::1", 5059, test::kUdp);
  test::connect_to(six, "::1", 9);
  const auto found = on_port(5059);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].endpoint.protocol, Protocol::udp);
  EXPECT_EQ(found[0].state, SocketState::bound);
  EXPECT_TRUE(is_held_here(found[0], four));
  EXPECT_EQ(found[1].state, SocketState::connected);
  EXPECT_TRUE(is_held_here(found[1], six));
}

TEST_P(LiveSockets, MptcpListener_IsOneBinding) {
  const UniqueFd socket = test::listening_socket("127.0.0.1", 5060, test::kMptcp);
  const Binding binding = only_one(5060);
  EXPECT_EQ(binding.state, SocketState::listening);
  EXPECT_TRUE(is_held_here(binding, socket));
  EXPECT_EQ(binding.endpoint.protocol, Protocol::mptcp);
}

TEST_P(LiveSockets, MptcpSocketThatIsOnlyBound_IsMptcp) {
  const UniqueFd socket = test::bound_socket("127.0.0.1", 5068, test::kMptcp);
  Question question = about(5068, netns_.inode());
  for (const Protocol protocol : {Protocol::tcp, Protocol::mptcp}) {
    question.protocol = protocol;
    const auto found = look(GetParam(), question).bindings;
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].endpoint.protocol, Protocol::mptcp);
    EXPECT_TRUE(is_held_here(found[0], socket));
  }
}

TEST_P(LiveSockets, QuestionAboutMptcp_IsNotAboutTcp) {
  const UniqueFd listening = test::listening_socket("127.0.0.1", 5069);
  const UniqueFd bound = test::bound_socket("127.0.0.2", 5069);
  Question question = about(5069, netns_.inode());
  question.protocol = Protocol::mptcp;
  EXPECT_TRUE(look(GetParam(), question).bindings.empty());
}

TEST_P(LiveSockets, ProcessFilter_AlsoDropsSocketsWithoutProcess) {
  const UniqueFd listener = test::listening_socket("127.0.0.1", 5070);
  const UniqueFd client = test::make_socket(Family::ipv4, test::kTcp);
  test::connect_to(client, "127.0.0.1", 5070);
  Question question;
  question.netns = netns_.inode();
  question.connected = true;
  EXPECT_EQ(look(GetParam(), question).bindings.size(), 3u);
  question.pid = getpid();
  EXPECT_EQ(look(GetParam(), question).bindings.size(), 2u)
      << "the one that nobody accepted is nobody's";
}

TEST_P(LiveSockets, ConnectionThatWaits_IsNobodysUntilItIsAccepted) {
  const UniqueFd listener = test::listening_socket("127.0.0.1", 5061);
  const UniqueFd client = test::make_socket(Family::ipv4, test::kTcp);
  test::connect_to(client, "127.0.0.1", 5061);
  const auto waiting = connected_on(5061);
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].inode, 0u);
  EXPECT_EQ(waiting[0].held_by, HeldBy::nobody);
  EXPECT_EQ(waiting[0].holders, std::vector<Process>{});
  const UniqueFd accepted(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const auto served = connected_on(5061);
  ASSERT_EQ(served.size(), 1u);
  EXPECT_TRUE(is_held_here(served[0], accepted));
}

TEST_P(LiveSockets, ConnectionOfAListenerThatIsGone_HoldsThePort) {
  UniqueFd listener = test::listening_socket("127.0.0.1", 5071);
  const UniqueFd client = test::make_socket(Family::ipv4, test::kTcp);
  test::connect_to(client, "127.0.0.1", 5071);
  const UniqueFd accepted(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_EQ(only_one(5071).state, SocketState::listening);
  listener.reset();
  const Binding left = only_one(5071);
  EXPECT_EQ(left.state, SocketState::connected);
  EXPECT_TRUE(is_held_here(left, accepted));
}

TEST_P(LiveSockets, TimeWait_IsHeldByNobody) {
  {
    const UniqueFd listener = test::listening_socket("127.0.0.1", 5062);
    UniqueFd client = test::make_socket(Family::ipv4, test::kTcp);
    test::connect_to(client, "127.0.0.1", 5062);
    UniqueFd accepted(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(accepted.valid());
    accepted.reset();  // the side that closes first keeps the port
    client.reset();
  }
  const Binding binding = only_one(5062);
  EXPECT_EQ(binding.state, SocketState::closing);
  EXPECT_EQ(binding.held_by, HeldBy::nobody);
  EXPECT_EQ(binding.holders, std::vector<Process>{});
  EXPECT_EQ(binding.id.find(std::to_string(netns_.inode()) + "-0-tcp-"), 0u);
  using std::chrono::milliseconds;
  ASSERT_TRUE(binding.remaining);
  EXPECT_GT(*binding.remaining, milliseconds(0));
  EXPECT_LE(*binding.remaining, milliseconds(60000));  // TCP_TIMEWAIT_LEN
  EXPECT_FALSE(binding.fin_wait2);
  std::this_thread::sleep_for(milliseconds(50));  // what is measured is time
  const Binding later = only_one(5062);
  ASSERT_TRUE(later.remaining);
  EXPECT_LT(*later.remaining, *binding.remaining);
}

TEST_P(LiveSockets, FinWait2WithoutProcess_EndsAtItsTimeout) {
  UniqueFd listener = test::listening_socket("127.0.0.1", 5072);
  const UniqueFd client = test::make_socket(Family::ipv4, test::kTcp);
  test::connect_to(client, "127.0.0.1", 5072);
  UniqueFd accepted(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const int seconds = 7;
  setsockopt(accepted.get(), IPPROTO_TCP, TCP_LINGER2, &seconds, sizeof seconds);
  listener.reset();
  accepted.reset();
  // In FIN_WAIT1 until the peer acknowledges, for which it may take its time.
  Binding binding = only_one(5072);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!binding.remaining && std::chrono::steady_clock::now() < deadline) {
    EXPECT_EQ(binding.state, SocketState::closing);
    std::this_thread::yield();
    binding = only_one(5072);
  }
  ASSERT_TRUE(binding.remaining);
  EXPECT_EQ(binding.state, SocketState::closing);
  EXPECT_GT(*binding.remaining, std::chrono::seconds(5));
  EXPECT_LE(*binding.remaining, std::chrono::milliseconds(7100));
  EXPECT_TRUE(binding.fin_wait2);
}

TEST_P(LiveSockets, CloseWaitAndFinWaitOfAProcess_HaveNoEnd) {
  const UniqueFd listener = test::listening_socket("127.0.0.1", 5073);
  const UniqueFd client = test::make_socket(Family::ipv4, test::kTcp);
  test::connect_to(client, "127.0.0.1", 5073);
  shutdown(client.get(), SHUT_WR);
  const Binding binding = only_one(test::port_of(client));
  EXPECT_EQ(binding.state, SocketState::closing);
  EXPECT_FALSE(binding.remaining);
}

TEST_P(LiveSockets, SocketBoundToADevice_NamesIt) {
  UniqueFd socket = test::make_socket(Family::ipv4, test::kTcp);
  ASSERT_EQ(setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, "lo", 2), 0);
  ASSERT_EQ(test::try_bind(socket, "127.0.0.1", 5063), 0);
  test::start_listening(socket);
  const Binding binding = only_one(5063);
  EXPECT_EQ(binding.interface,
            by_netlink() ? std::optional<std::string>("lo") : std::nullopt);
}

TEST_P(LiveSockets, FreePort_IsACompleteAnswerWithoutBindings) {
  const Answer answer = look(GetParam(), about(5064, netns_.inode()));
  EXPECT_TRUE(answer.bindings.empty());
  if (by_netlink()) {
    EXPECT_EQ(answer.confidence, Confidence::snapshot);
    EXPECT_TRUE(answer.missing.empty());
  }
}

TEST_P(LiveSockets, Filters_Narrow) {
  const UniqueFd tcp = test::listening_socket("127.0.0.1", 5065);
  const UniqueFd udp = test::bound_socket("127.0.0.1", 5065, test::kUdp);
  const UniqueFd silent = test::bound_socket("127.0.0.1", 5066);
  Question question;
  question.netns = netns_.inode();
  EXPECT_EQ(look(GetParam(), question).bindings.size(), 3u);
  question.listening = true;
  EXPECT_EQ(look(GetParam(), question).bindings.size(), 2u);
  question.protocol = Protocol::udp;
  EXPECT_EQ(look(GetParam(), question).bindings.size(), 1u);
  question.pid = getpid();
  EXPECT_EQ(look(GetParam(), question).bindings.size(), 1u);
  question.pid = getppid();
  EXPECT_EQ(look(GetParam(), question).bindings.size(), 0u);
}

TEST_P(LiveSockets, WithoutHolders_TheyAreUnknown) {
  const UniqueFd socket = test::listening_socket("127.0.0.1", 5067);
  Question question = about(5067, netns_.inode());
  question.holders = false;
  const Answer answer = look(GetParam(), question);
  ASSERT_EQ(answer.bindings.size(), 1u);
  EXPECT_FALSE(answer.bindings[0].holders);
  EXPECT_FALSE(answer.bindings[0].held_by);
}

// More sockets than one netlink message or one read of a file can carry.
TEST_P(LiveSockets, NineHundredListeners_AreAllThere) {
  std::vector<UniqueFd> sockets;
  for (Port port = 10000; port < 10900; ++port) {
    sockets.push_back(test::listening_socket("127.0.0.1", port));
  }
  Question question;
  question.netns = netns_.inode();
  question.listening = true;
  const Answer answer = look(GetParam(), question);
  ASSERT_EQ(answer.bindings.size(), 900u);
  for (std::size_t i = 0; i < 900; ++i) {
    EXPECT_EQ(answer.bindings[i].endpoint.port, 10000 + i);
    EXPECT_TRUE(is_held_here(answer.bindings[i], sockets[i]));
  }
}

}  // namespace
}  // namespace portwatch
