#include "cli/verdict.h"

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

const PortSpec k80{80, std::nullopt};
const PortSpec k81{81, std::nullopt};

Binding held_by(Port port, std::optional<HeldBy> kind) {
  Binding b = binding(port);
  b.held_by = kind;
  return b;
}

TEST(Verdict, NamedHolder_Yes) {
  EXPECT_EQ(verdict(exact({held(80, process(7, "a"))}), {k80}), kYes);
}

TEST(Verdict, NoBinding_No) { EXPECT_EQ(verdict(exact({}), {k80}), kNo); }

TEST(Verdict, NoProcessAndKnownAsSuch_Yes) {
  for (const HeldBy kind : {HeldBy::kernel, HeldBy::in_flight, HeldBy::nobody}) {
    EXPECT_EQ(verdict(exact({held_by(80, kind)}), {k80}), kYes);
  }
}

TEST(Verdict, HiddenHolder_CannotKnow) {
  EXPECT_EQ(verdict(exact({held_by(80, std::nullopt)}), {k80}), kCannotKnow);
  EXPECT_EQ(verdict(exact({held_by(80, HeldBy::process)}), {k80}), kCannotKnow)
      << "a process, but which?";
}

TEST(Verdict, FreePortButSocketsMissing_CannotKnow) {
  Answer answer = exact({});
  answer.miss({"sockets of UDP", "refused"});
  EXPECT_EQ(verdict(answer, {k80}), kCannotKnow);
  answer.bindings.push_back(held(80, process(7, "a")));
  EXPECT_EQ(verdict(answer, {k80}), kYes);
  EXPECT_EQ(verdict(answer, {k80, k81}), kCannotKnow);
}

TEST(Verdict, FreePortAndOtherGaps_No) {
  Answer answer = exact({});
  answer.miss({"namespaces", "not permitted"});
  answer.miss({"holders", "not permitted"});
  EXPECT_EQ(verdict(answer, {k80}), kNo);
}

TEST(Verdict, SeveralPorts_AnyTakenIsYesButHiddenWins) {
  const Binding taken = held(80, process(7, "a"));
  EXPECT_EQ(verdict(exact({taken}), {k80, k81}), kYes);
  EXPECT_EQ(verdict(exact({taken, held_by(81, std::nullopt)}), {k80, k81}),
            kCannotKnow);
}

TEST(Verdict, TcpQuestion_MptcpListenerCounts) {
  Binding mptcp = held(80, process(7, "a"));
  mptcp.endpoint.protocol = Protocol::mptcp;
  EXPECT_EQ(verdict(exact({mptcp}), {{80, Protocol::tcp}}), kYes);
  EXPECT_EQ(verdict(exact({mptcp}), {{80, Protocol::udp}}), kNo);
}

}  // namespace
}  // namespace portwatch::cli
