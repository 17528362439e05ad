#include "userspace/model/answer.h"

#include <gtest/gtest.h>

namespace portwatch {
namespace {

Binding binding(Port port, SocketState state, Protocol protocol = Protocol::tcp,
                std::uint32_t netns = 1) {
  Binding made;
  made.endpoint.port = port;
  made.endpoint.protocol = protocol;
  made.state = state;
  made.netns = netns;
  return made;
}

Question listening_question() {
  Question question;
  question.listening = true;
  return question;
}

TEST(Admits, NoCondition_TakesAllButConnectedAndClosing) {
  const Question all;
  EXPECT_TRUE(admits(all, binding(1, SocketState::listening)));
  EXPECT_TRUE(admits(all, binding(1, SocketState::bound)));
  EXPECT_FALSE(admits(all, binding(1, SocketState::connected)));
  EXPECT_FALSE(admits(all, binding(1, SocketState::closing)));
}

TEST(Admits, Connected_TakesThemToo) {
  Question question;
  question.connected = true;
  EXPECT_TRUE(admits(question, binding(1, SocketState::closing)));
}

TEST(Admits, Port_TakesEveryStateOfThatPort) {
  Question question;
  question.port = Port{80};
  EXPECT_TRUE(admits(question, binding(80, SocketState::closing)));
  EXPECT_FALSE(admits(question, binding(81, SocketState::listening)));
}

TEST(Admits, Listening_IsWhatSsCallsListening) {
  const Question question = listening_question();
  EXPECT_TRUE(admits(question, binding(1, SocketState::listening)));
  EXPECT_FALSE(admits(question, binding(1, SocketState::bound)));
  EXPECT_TRUE(admits(question, binding(1, SocketState::bound, Protocol::udp)));
  EXPECT_TRUE(admits(question, binding(1, SocketState::bound, Protocol::udplite)));
  EXPECT_FALSE(admits(question, binding(1, SocketState::connected, Protocol::udp)));
}

TEST(Admits, ProtocolAndNamespace_Narrow) {
  Question question;
  question.protocol = Protocol::tcp;
  question.netns = 1;
  EXPECT_TRUE(
      admits(question, binding(1, SocketState::listening, Protocol::mptcp)));
  EXPECT_FALSE(admits(question, binding(1, SocketState::bound, Protocol::udp)));
  EXPECT_FALSE(
      admits(question, binding(1, SocketState::listening, Protocol::tcp, 2)));
}

TEST(HeldByPid, LooksAtHoldersOnly) {
  Binding held = binding(1, SocketState::listening);
  EXPECT_FALSE(held_by_pid(held, 7));
  held.holders.emplace(2);
  held.holders->at(1).id.pid = 7;
  EXPECT_TRUE(held_by_pid(held, 7));
  EXPECT_FALSE(held_by_pid(held, 8));
}

TEST(HideServedConnections, OnlyOfPortsThatAStreamSocketTakes) {
  std::vector<Binding> all = {binding(80, SocketState::listening),
                              binding(80, SocketState::connected),
                              binding(80, SocketState::closing),
                              binding(81, SocketState::connected),
                              binding(80, SocketState::connected, Protocol::tcp, 2),
                              binding(80, SocketState::connected, Protocol::udp)};
  hide_served_connections(all);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].state, SocketState::listening);
  EXPECT_EQ(all[1].endpoint.port, 81) << "a client's port";
  EXPECT_EQ(all[2].endpoint.protocol, Protocol::udp);
}

TEST(SortBindings, OwnNamespaceFirst_ThenByPort) {
  std::vector<Binding> all = {
      binding(3, SocketState::bound, Protocol::tcp, 1),
      binding(9, SocketState::bound, Protocol::tcp, 2),
      binding(1, SocketState::bound, Protocol::tcp, 2),
      binding(2, SocketState::bound, Protocol::tcp, 3),
  };
  sort_bindings(all, 2);
  std::vector<Port> ports;
  for (const Binding& one : all) {
    ports.push_back(one.endpoint.port);
  }
  EXPECT_EQ(ports, (std::vector<Port>{1, 9, 3, 2}));
}

TEST(Answer, Miss_MakesItPartialAndDropsRepeats) {
  Answer answer;
  answer.miss({"holders", "why"});
  answer.miss({"holders", "why"});
  EXPECT_EQ(answer.confidence, Confidence::partial);
  ASSERT_EQ(answer.missing.size(), 1u);
  EXPECT_EQ(to_string(answer.missing[0]), "holders: why");
}

TEST(Merge, KeepsTheWorseConfidenceAndEveryGapOnce) {
  Answer whole;
  whole.miss({"holders", "a"});
  Answer part;
  part.confidence = Confidence::snapshot;
  part.bindings = {binding(1, SocketState::bound)};
  part.miss({"holders", "a"});
  part.miss({"scope", "b"});
  merge(whole, part);
  EXPECT_EQ(whole.confidence, Confidence::partial);
  EXPECT_EQ(whole.missing.size(), 2u);
  EXPECT_EQ(whole.bindings.size(), 1u);

  Answer exact;
  Answer snapshot;
  snapshot.confidence = Confidence::snapshot;
  merge(exact, snapshot);
  EXPECT_EQ(exact.confidence, Confidence::snapshot);
}

}  // namespace
}  // namespace portwatch
