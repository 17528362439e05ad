#include "userspace/model/alert_text.h"

#include <gtest/gtest.h>

#include "tests/unit/alert/sample_changes.h"
#include "userspace/model/change_facts.h"

namespace portwatch {
namespace {

using test::binding_of;
using test::crash_loop;
using test::events_lost;
using test::failed_bind;
using test::process;

Change of_binding(ChangeType type) {
  Change change;
  change.type = type;
  change.binding = binding_of(process(12, "nginx"), 80);
  return change;
}

TEST(AlertText, FailedBind_WhoWhereWhyAndWhoHoldsIt) {
  EXPECT_EQ(
      alert_text(failed_bind()),
      "bind of 0.0.0.0:5055/tcp by nginx (pid 12) failed: EADDRINUSE; held by "
      "python3 (pid 3)");
}

TEST(AlertText, FailedBindWithoutBlockers_SaysWhyWhenThatIsKnown) {
  Change change = failed_bind();
  change.failure->error = EACCES;
  change.failure->blockers.reset();
  EXPECT_EQ(alert_text(change),
            "bind of 0.0.0.0:5055/tcp by nginx (pid 12) failed: EACCES");
  change.failure->why = "ports below 1024 are for root";
  EXPECT_EQ(
      alert_text(change),
      "bind of 0.0.0.0:5055/tcp by nginx (pid 12) failed: EACCES; ports below "
      "1024 are for root");
}

TEST(AlertText, SeveralBlockers_EachOwnerOnceAndNotTooMany) {
  Change change = failed_bind();
  auto& blockers = *change.failure->blockers;
  blockers.push_back(blockers[0]);
  blockers.push_back(binding_of(process(4, "a"), 5055));
  blockers[2].holders->push_back(process(5, "a"));
  blockers.push_back(binding_of(process(6, "b"), 5055));
  blockers.push_back(binding_of(process(7, "c"), 5055));
  EXPECT_EQ(
      alert_text(change),
      "bind of 0.0.0.0:5055/tcp by nginx (pid 12) failed: EADDRINUSE; held by "
      "python3 (pid 3), a (pid 4) and 1 more, b (pid 6), ...");
}

TEST(AlertText, Blocker_WithoutProcessIsNamedForWhatItIs) {
  Change change = failed_bind();
  Binding& blocker = change.failure->blockers->front();
  blocker.creator.reset();
  blocker.holders.reset();
  blocker.held_by = HeldBy::nobody;
  EXPECT_TRUE(alert_text(change).ends_with("; held by closing connections"));
  blocker.held_by = HeldBy::kernel;
  EXPECT_TRUE(alert_text(change).ends_with("; held by the kernel"));
}

TEST(AlertText, Loops_SubjectPortCountAndCause) {
  EXPECT_EQ(
      alert_text(crash_loop()),
      "nginx.service is in a crash loop on port 80/tcp: 5 deaths in 1h, exits "
      "with status 1");
  Change change = crash_loop();
  change.type = ChangeType::bind_failure_loop;
  change.loop->window = std::chrono::seconds(90);
  change.loop->cause = "bind: EADDRINUSE";
  change.loop->blockers = {{binding_of(process(3, "python3"), 80)}};
  EXPECT_EQ(
      alert_text(change),
      "nginx.service fails again and again to take port 80/tcp: 5 times in 90s, "
      "bind: EADDRINUSE; held by python3 (pid 3)");
  change.type = ChangeType::loop_ended;
  EXPECT_EQ(alert_text(change), "the loop of nginx.service on port 80/tcp is over");
}

TEST(AlertText, Bindings_WhoDidWhatToWhichPort) {
  EXPECT_EQ(alert_text(of_binding(ChangeType::bind)),
            "nginx (pid 12) took 0.0.0.0:80/tcp");
  EXPECT_EQ(alert_text(of_binding(ChangeType::listen)),
            "nginx (pid 12) listens on 0.0.0.0:80/tcp");
  EXPECT_EQ(alert_text(of_binding(ChangeType::release)),
            "0.0.0.0:80/tcp of nginx (pid 12) was released");
  EXPECT_EQ(alert_text(of_binding(ChangeType::port_conflict)),
            "0.0.0.0:80/tcp is wanted, but held by nginx (pid 12)");
  Change change = of_binding(ChangeType::orphan);
  change.process = process(12, "nginx");
  change.previous = process(2, "bash");
  EXPECT_EQ(
      alert_text(change),
      "0.0.0.0:80/tcp is held by nginx (pid 12), whose owner bash (pid 2) died");
  change.type = ChangeType::owner_changed;
  EXPECT_EQ(alert_text(change),
            "0.0.0.0:80/tcp went from bash (pid 2) to nginx (pid 12)");
  change.type = ChangeType::time_wait_pile;
  change.count = 21;
  EXPECT_EQ(alert_text(change), "21 closing connections on 0.0.0.0:80/tcp");
}

TEST(AlertText, NothingKnownOfTheProcess_SaysSo) {
  Change change = of_binding(ChangeType::bind);
  change.binding->creator.reset();
  EXPECT_EQ(alert_text(change), "an unknown process took 0.0.0.0:80/tcp");
}

TEST(AlertText, Losses_CountInGrammar) {
  EXPECT_EQ(alert_text(events_lost(1)), "1 event was lost");
  EXPECT_EQ(alert_text(events_lost(2)), "2 events were lost");
  Change change;
  change.type = ChangeType::resynced;
  change.repairs = 3;
  EXPECT_EQ(alert_text(change),
            "the table was compared with the kernel's picture: 3 repairs");
}

TEST(AlertText, HostileNames_StayOnOneLine) {
  Change change = of_binding(ChangeType::bind);
  change.binding->creator.edit(
      [&](Process& creator) { creator.name = "a\n\x1b[31mb\x7f"; });
  EXPECT_EQ(alert_text(change), "a??[31mb? (pid 12) took 0.0.0.0:80/tcp");
}

TEST(ChangeFacts, EachSort_AnswersTheSameQuestions) {
  const Change failed = failed_bind();
  EXPECT_EQ(process_of(failed)->id.pid, 12);
  EXPECT_EQ(subject_of(failed)->name, "nginx.service");
  EXPECT_EQ(protocol_of(failed), Protocol::tcp);
  EXPECT_EQ(endpoint_of(failed)->port, 5055);
  EXPECT_EQ(netns_of(failed), 4026531840u);
  EXPECT_EQ(blockers_of(failed)->size(), 1u);

  const Change loop = crash_loop();
  EXPECT_EQ(process_of(loop)->id.pid, 77);
  EXPECT_EQ(subject_of(loop)->name, "nginx.service");
  EXPECT_EQ(protocol_of(loop), Protocol::tcp);
  EXPECT_FALSE(endpoint_of(loop));
  EXPECT_EQ(blockers_of(loop), nullptr);

  const Change lost = events_lost(1);
  EXPECT_EQ(process_of(lost), nullptr);
  EXPECT_TRUE(processes_of(lost).empty());
  EXPECT_FALSE(subject_of(lost));
  EXPECT_FALSE(protocol_of(lost));
  EXPECT_EQ(netns_of(lost), 0u);
}

TEST(ChangeFacts, Binding_ItsHoldersBelongToIt) {
  Change change = of_binding(ChangeType::listen);
  change.binding->holders->push_back(process(13, "worker"));
  EXPECT_EQ(process_of(change)->id.pid, 12);
  EXPECT_EQ(processes_of(change).back()->id.pid, 13);
}

}  // namespace
}  // namespace portwatch
