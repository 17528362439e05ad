// What a peer is told of events and verdicts. All of it is a pure function of the
// viewer: kSamplePid is nobody, so that /proc has no say.
#include "userspace/api/peer_view.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/api/sample.h"
#include "userspace/api/json.h"
#include "userspace/api/subscription.h"

namespace portwatch {
namespace {

constexpr Viewer kRoot{0, false};
constexpr Viewer kOwner{33, false};
constexpr Viewer kOwnerHidden{33, true};
constexpr Viewer kOther{12345, false};
constexpr Viewer kOtherHidden{12345, true};

template <class T>
T seen(T model, const Viewer& viewer) {
  redact(model, viewer);
  return model;
}

std::string text_for(const Change& change, const Viewer& viewer) {
  return json_text(seen(change, viewer));
}

bool tells(const std::string& text, const char* what) {
  return text.find(what) != std::string::npos;
}

TEST(PeerViewChange, Root_SeesEverything) {
  for (const Change& change : all_events(80)) {
    EXPECT_EQ(seen(change, kRoot), change);
  }
}

// The samples' processes have all fields; whatever is shown of them shows in the
// text, also in fields that this test has never heard of.
TEST(PeerViewChange, Stranger_LearnsNeitherExeNorDescriptors) {
  for (const Change& change : all_events(80)) {
    const std::string text = text_for(change, kOther);
    EXPECT_FALSE(tells(text, "/usr/sbin/nginx")) << text;
    EXPECT_FALSE(tells(text, "/opt/secret")) << text;
    EXPECT_FALSE(tells(text, "[6,7]")) << text;
  }
}

TEST(PeerViewBinding, HowItsCreatorEnded_IsForItsUser) {
  for (const uid_t uid : {0u, 33u, 34u}) {
    Binding binding = full_binding(80, 33);
    redact(binding, Viewer{uid, false});
    EXPECT_EQ(binding.last_exit.has_value(), uid != 34u) << uid;
  }
}

TEST(PeerViewChange, StrangerWithHidepid_LearnsTheOwnerOnly) {
  for (const Change& change : all_events(80)) {
    const std::string text = text_for(change, kOtherHidden);
    for (const char* hidden :
         {"daemon off", "/usr/sbin", "/opt/secret", "system.slice", "0123456789ab",
          "ba9876543210", "\"web\"", "[6,7]", "\"ppid\":1", "\"nsPid\":7",
          "\"orphan\":false", "listens there"}) {
      EXPECT_FALSE(tells(text, hidden)) << hidden << " in " << text;
    }
  }
}

TEST(PeerViewChange, Owner_SeesTheirOwnAndNotTheBlockers) {
  const Change change = failed_bind(80);
  const BindFailure failure = *seen(change, kOwner).failure;
  EXPECT_EQ(failure.process, change.failure->process);
  EXPECT_EQ(failure.parents[0], change.failure->parents[0]);
  EXPECT_FALSE(failure.parents[1].exe);
  EXPECT_TRUE(failure.parents[1].cmdline);
  EXPECT_FALSE(failure.blockers->at(0).creator->exe);
  EXPECT_FALSE(failure.blockers->at(0).holders->at(1).fds);
  EXPECT_EQ(failure.why, change.failure->why);
}

TEST(PeerViewChange, StrangerWithoutHidepid_SeesAncestorsAndWhy) {
  const BindFailure failure = *seen(failed_bind(80), kOther).failure;
  EXPECT_EQ(failure.parents.size(), 2u);
  EXPECT_EQ(failure.parents[0].ppid, 1);
  EXPECT_TRUE(failure.why);
}

TEST(PeerViewChange, AncestorsWithHidepid_EndAtTheFirstStranger) {
  const BindFailure own = *seen(failed_bind(80), kOwnerHidden).failure;
  ASSERT_EQ(own.parents.size(), 1u);
  EXPECT_EQ(own.parents[0].uid, 33u);
  EXPECT_TRUE(seen(failed_bind(80), kOtherHidden).failure->parents.empty());
}

TEST(PeerViewChange, WhyWithHidepid_IsKeptWhereAllIsOnesOwn) {
  Change change = failed_bind(80);
  EXPECT_FALSE(seen(change, kOwnerHidden).failure->why);
  change.failure->blockers = {full_binding(80, 33)};
  EXPECT_TRUE(seen(change, kOwnerHidden).failure->why);
  change.failure->blockers->at(0).holders->at(1).uid = 34;
  EXPECT_FALSE(seen(change, kOwnerHidden).failure->why);
  change.failure->blockers.reset();
  EXPECT_TRUE(seen(change, kOwnerHidden).failure->why);
  EXPECT_FALSE(seen(change, kOtherHidden).failure->why);
}

std::string subject_seen(Change change, const Viewer& viewer) {
  redact(change, viewer);
  return change.loop->subject.name;
}

TEST(PeerViewChange, ProgramsName_IsWhatProcWouldShow) {
  Change change = loop_event(ChangeType::crash_loop, 80);
  EXPECT_EQ(subject_seen(change, kOwner), "/opt/secret/nginx -g");
  EXPECT_EQ(subject_seen(change, kOwnerHidden), "/opt/secret/nginx -g");
  EXPECT_EQ(subject_seen(change, kOther), "nginx -g daemon off;");
  EXPECT_EQ(subject_seen(change, kOtherHidden), "nginx");
  change.loop->last_process.edit([](Process& process) { process.name.reset(); });
  EXPECT_EQ(subject_seen(change, kOtherHidden), "a program");
  change.loop->last_process.reset();
  EXPECT_EQ(subject_seen(change, kOther), "a program");
  EXPECT_EQ(subject_seen(change, kOwner), "/opt/secret/nginx -g");
  change.loop->subject.uid.reset();
  EXPECT_EQ(subject_seen(change, kOwner), "a program");
}

TEST(PeerViewChange, ContainersName_IsHiddenWithHidepid) {
  Change change = loop_event(ChangeType::bind_failure_loop, 80);
  change.loop->subject = {Subject::Kind::container, "docker:0123456789ab", {}, {}};
  EXPECT_EQ(subject_seen(change, kOther), "docker:0123456789ab");
  EXPECT_EQ(subject_seen(change, kOwnerHidden), "docker:0123456789ab");
  EXPECT_EQ(subject_seen(change, kOtherHidden), "nginx");
  change.loop->last_process.reset();
  EXPECT_EQ(subject_seen(change, kOwnerHidden), "a container");
}

TEST(PeerViewChange, UnitsName_IsForEverybody) {
  Change change = loop_event(ChangeType::loop_ended, 80);
  change.loop->subject = {Subject::Kind::unit, "web.service", {}, {}};
  EXPECT_EQ(subject_seen(change, kOtherHidden), "web.service");
}

TEST(PeerViewEvents, EveryEvent_IsRedacted) {
  EventsAnswer answer = full_events();
  redact(answer, kOther);
  ASSERT_EQ(answer.events.size(), full_events().events.size());
  for (std::size_t i = 0; i < answer.events.size(); ++i) {
    EXPECT_EQ(answer.events[i], seen(full_events().events[i], kOther));
    EXPECT_NE(answer.events[i], full_events().events[i]);
  }
}

// Messages are shared by all who see the same: nobody gets another one's.
TEST(PeerViewEvents, SharedMessages_AreEachViewersOwn) {
  for (const Change& change : all_events(80)) {
    EventMessages messages(change);
    for (const Viewer& viewer : {kRoot, kOther, kOwner, kOtherHidden, kOwnerHidden,
                                 Viewer{34, false}, Viewer{34, true}, kRoot}) {
      EXPECT_EQ(*messages.get(viewer, true), event_message(change, viewer, true))
          << to_string(change.type) << " " << viewer.uid;
    }
  }
}

TEST(PeerViewEvents, LoopWithoutAProcess_IsStillItsUsers) {
  Change change = loop_event(ChangeType::crash_loop, 80);
  change.loop->last_process.reset();
  change.loop->blockers.reset();
  EventMessages messages(change);
  EXPECT_FALSE(tells(*messages.get(kOther, true), "/opt/secret"));
  EXPECT_TRUE(tells(*messages.get(kOwner, true), "/opt/secret"));
}

Verdict verdict_of(Reason reason) {
  Verdict verdict = full_verdict();
  verdict.reasons = {std::move(reason)};
  return verdict;
}

Reason reason_seen(const Reason& reason, const Viewer& viewer) {
  return seen(verdict_of(reason), viewer).reasons.at(0);
}

TEST(PeerViewVerdict, RootAndOwner_SeeEverything) {
  const Reason reason = full_reason(ReasonCode::listener);
  EXPECT_EQ(reason_seen(reason, kRoot), reason);
  EXPECT_EQ(reason_seen(reason, kOwner), reason);
  EXPECT_EQ(reason_seen(reason, kOwnerHidden), reason);
}

TEST(PeerViewVerdict, Stranger_SeesTheSentenceAndNoExe) {
  const Reason reason = full_reason(ReasonCode::listener);
  const Reason visible = reason_seen(reason, kOther);
  EXPECT_EQ(visible.text, reason.text);
  EXPECT_EQ(visible.remedies, reason.remedies);
  EXPECT_FALSE(visible.bindings[0].creator->exe);
  EXPECT_FALSE(visible.bindings[0].holders->at(0).fds);
}

TEST(PeerViewVerdict, StrangerWithHidepid_GetsANeutralSentence) {
  const Reason visible =
      reason_seen(full_reason(ReasonCode::listener), kOtherHidden);
  EXPECT_EQ(visible.text, "somebody listens there");
  EXPECT_TRUE(visible.remedies.empty());
  EXPECT_FALSE(visible.bindings[0].creator->cmdline);
  EXPECT_EQ(visible.bindings[0].creator->name, "nginx");
  EXPECT_EQ(visible.error, EADDRINUSE);
  EXPECT_TRUE(visible.blocks);
}

TEST(PeerViewVerdict, OneStrangerAmongOnesOwn_HidesTheSentence) {
  Reason reason = full_reason(ReasonCode::listener);
  reason.bindings.push_back(full_binding(80, 34));
  EXPECT_EQ(reason_seen(reason, kOwnerHidden).text, "somebody listens there");
}

// Nearly every code can have a sentence about a process without its socket.
TEST(PeerViewVerdict, ReasonWithoutASocket_IsNeutralUnlessItIsAboutTheHost) {
  const std::vector<ReasonCode> hosts = {
      ReasonCode::low_port,       ReasonCode::not_local,   ReasonCode::tentative,
      ReasonCode::denied,         ReasonCode::unsupported, ReasonCode::reserved,
      ReasonCode::ephemeral_range};
  for (int i = 0; i <= static_cast<int>(ReasonCode::loops); ++i) {
    Reason reason = full_reason(static_cast<ReasonCode>(i));
    reason.bindings.clear();
    const Reason visible = reason_seen(reason, kOwnerHidden);
    if (std::find(hosts.begin(), hosts.end(), reason.code) != hosts.end()) {
      EXPECT_EQ(visible, reason);
    } else {
      EXPECT_FALSE(visible.text.empty());
      EXPECT_NE(visible.text, reason.text) << to_string(reason.code);
      EXPECT_TRUE(visible.remedies.empty());
    }
    EXPECT_EQ(reason_seen(reason, kOther), reason);
  }
}

TEST(PeerViewVerdict, SocketsWithoutAProcess_KeepTheirSentence) {
  Reason reason = full_reason(ReasonCode::time_wait);
  reason.bindings = {bare_binding(80)};
  EXPECT_EQ(reason_seen(reason, kOtherHidden).text, reason.text);
}

}  // namespace
}  // namespace portwatch
