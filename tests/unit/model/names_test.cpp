// Every word of the contract, both ways.
#include <gtest/gtest.h>

#include "userspace/model/answer.h"
#include "userspace/model/binding.h"
#include "userspace/model/change.h"

namespace portwatch {
namespace {

TEST(Names, States) {
  EXPECT_EQ(to_string(SocketState::listening), "listening");
  EXPECT_EQ(to_string(SocketState::closing), "closing");
  EXPECT_EQ(state_from("connected"), SocketState::connected);
  EXPECT_EQ(state_from("bound"), SocketState::bound);
}

TEST(Names, HeldBy) {
  EXPECT_EQ(to_string(HeldBy::in_flight), "inFlight");
  EXPECT_EQ(held_by_from("nobody"), HeldBy::nobody);
  EXPECT_EQ(held_by_from("kernel"), HeldBy::kernel);
}

TEST(Names, SourcesAndConfidences) {
  EXPECT_EQ(to_string(Source::sock_diag), "sock_diag");
  EXPECT_EQ(source_from("iphlpapi"), Source::iphlpapi);
  EXPECT_EQ(to_string(Confidence::snapshot), "snapshot");
  EXPECT_EQ(confidence_from("partial"), Confidence::partial);
}

TEST(Names, Changes) {
  EXPECT_EQ(to_string(ChangeType::events_lost), "eventsLost");
  EXPECT_EQ(change_type_from("bind"), ChangeType::bind);
  EXPECT_EQ(change_type_from("resynced"), ChangeType::resynced);
}

TEST(Names, UnknownAndEmptyWords_AreNothing) {
  EXPECT_FALSE(state_from(""));
  EXPECT_FALSE(state_from("Listening"));
  EXPECT_FALSE(held_by_from("in_flight"));
  EXPECT_FALSE(source_from(""));
  EXPECT_FALSE(confidence_from(""));
  EXPECT_FALSE(change_type_from("nothing"));
}

}  // namespace
}  // namespace portwatch
