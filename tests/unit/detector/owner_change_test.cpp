#include "userspace/detector/owner_change.h"

#include <gtest/gtest.h>

#include "tests/unit/detector/scene.h"

namespace portwatch::test {
namespace {

using Types = std::vector<ChangeType>;
constexpr ChangeType kChanged = ChangeType::owner_changed;

struct OwnerChangeTest : ::testing::Test, Watched<OwnerChange> {
  Binding hold(const Binding& socket) {
    tick(1s);
    see(bound(socket));
    see(listens(socket));
    return socket;
  }
  Binding hold(const Process& who, Port port = 8080) {
    return hold(binding(who, port, std::to_string(++id_)));
  }
  const Process first_ = process(10, "/usr/bin/first");
  const Process second_ = process(20, "/usr/bin/second");
  int id_ = 0;
};

TEST_F(OwnerChangeTest, AnotherSubject_IsToldWithBoth) {
  see(released(hold(first_)));
  tick(24h);
  const Binding now = hold(second_);
  const auto told = news();
  ASSERT_EQ(types(told), Types{kChanged});
  EXPECT_EQ(told[0].time, ticker.now().wall);
  EXPECT_EQ(told[0].binding->id, now.id);
  EXPECT_EQ(told[0].binding->creator->id, second_.id);
  EXPECT_EQ(told[0].previous->id, first_.id);
}

TEST_F(OwnerChangeTest, FirstOwner_IsNoChange) {
  hold(first_);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(OwnerChangeTest, Restart_IsNoChange) {
  see(released(hold(process_of_unit(10, "web.service"))));
  see(released(hold(process_of_unit(11, "web.service"))));
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(OwnerChangeTest, ThereAndBack_IsToldTwice) {
  see(released(hold(first_)));
  see(released(hold(second_)));
  see(released(hold(first_)));
  EXPECT_EQ(types(news()), (Types{kChanged, kChanged}));
}

TEST_F(OwnerChangeTest, OtherUser_IsAnotherSubject) {
  see(released(hold(first_)));
  Process other = first_;
  other.uid = 0;
  hold(other);
  EXPECT_EQ(types(news()), Types{kChanged});
}

TEST_F(OwnerChangeTest, OtherAddressPortTableOrNamespace_IsAnotherPlace) {
  see(released(hold(first_)));
  hold(second_, 8081);
  Binding other = binding(second_, 8080, "a");
  other.endpoint.address[0] = 127;
  hold(other);
  other = binding(second_, 8080, "b");
  other.endpoint.family = Family::ipv6;
  hold(other);
  other = binding(second_, 8080, "c");
  other.endpoint.protocol = Protocol::udp;
  hold(other);
  other = binding(second_, 8080, "d");
  other.netns_cookie = 2;
  hold(other);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(OwnerChangeTest, SharedPlace_IsNoChange) {
  const Binding old = hold(first_);
  const Binding group = hold(second_);
  see(released(old));
  hold(first_);
  see(released(group));
  hold(second_);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(OwnerChangeTest, AfterASharedPlace_TheLastOwnerCounts) {
  const Binding old = hold(first_);
  const Binding group = hold(second_);
  see(released(old));
  see(released(group));
  hold(second_);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(OwnerChangeTest, Datagrams_AreOwnedByBind) {
  Binding socket = binding(first_, 5353, "1");
  socket.endpoint.protocol = Protocol::udp;
  see(bound(socket));
  socket.endpoint.address[0] = 127;  // connect(2) has moved it
  see(released(socket));
  Binding next = binding(second_, 5353, "2");
  next.endpoint.protocol = Protocol::udp;
  see(bound(next));
  EXPECT_EQ(types(news()), Types{kChanged});
}

TEST_F(OwnerChangeTest, StreamThatOnlyBinds_IsNoOwner) {
  see(released(hold(first_)));
  const Binding client = binding(second_, 8080, "client");
  see(bound(client));
  see(released(client));
  hold(first_);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(OwnerChangeTest, ListenAgain_IsNoSecondOwner) {
  const Binding socket = hold(first_);
  see(listens(socket));
  see(released(socket));
  hold(second_);
  EXPECT_EQ(types(news()), Types{kChanged});
}

TEST_F(OwnerChangeTest, AutomaticPorts_AreLeftOut) {
  see(released(hold(first_, 40000)));
  hold(second_, 40000);
  EXPECT_EQ(types(news()), Types{});
  EXPECT_EQ(detector.size(), 0u);
}

TEST_F(OwnerChangeTest, UnknownOwnerInBetween_IsNoEvidence) {
  see(released(hold(first_)));
  Binding nobody = binding(first_, 8080, "nobody");
  nobody.creator.reset();
  see(released(hold(nobody)));
  hold(second_);
  EXPECT_EQ(types(news()), Types{});
}

// The same program, gone when it was looked at, is not another one.
TEST_F(OwnerChangeTest, KnownByItsNameAlone_IsNoEvidence) {
  see(released(hold(first_)));
  Process fleeting = first_;
  fleeting.exe.reset();
  fleeting.cmdline.reset();
  see(released(hold(fleeting)));
  hold(first_);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(OwnerChangeTest, Loss_ForgetsWhoWasThere) {
  see(released(hold(first_)));
  detector.forget();
  hold(second_);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(OwnerChangeTest, Reconstructed_IsRememberedNotTold) {
  see(released(hold(first_)));
  const Binding repaired = binding(second_, 8080, "r");
  see(found(bound(repaired)));
  see(found(listens(repaired)));
  EXPECT_EQ(types(news()), Types{});
  see(released(repaired));
  hold(first_);
  const auto told = news();
  ASSERT_EQ(types(told), Types{kChanged});
  EXPECT_EQ(told[0].previous->id, second_.id);
}

TEST(OwnerChangeLimit, TooManyPlaces_OldestIsForgotten) {
  Watched<OwnerChange> watched(AutomaticPorts{}, std::size_t{3});
  const auto take = [&](const std::string& program, Port port) {
    const Binding socket = binding(process(1, program), port, program);
    watched.see(listens(socket));
    watched.see(released(socket));
    EXPECT_LE(watched.detector.size(), 6u);
  };
  for (Port port = 8000; port < 8004; ++port) {
    take("first", port);
  }
  take("second", 8000);  // forgotten
  EXPECT_EQ(types(watched.news()), Types{});
  take("second", 8003);
  EXPECT_EQ(types(watched.news()), Types{kChanged});
}

}  // namespace
}  // namespace portwatch::test
