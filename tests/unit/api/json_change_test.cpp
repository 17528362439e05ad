// Events as JSON, and lists of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/unit/api/sample.h"
#include "userspace/api/json.h"

namespace portwatch {
namespace {

using nlohmann::json;

const std::vector<std::string> kHead = {"schema", "seq", "time", "event"};

std::vector<std::string> content_of(const Change& change) {
  const json document = to_json(change);
  std::vector<std::string> names;
  for (const auto& [name, value] : document.items()) {
    if (std::find(kHead.begin(), kHead.end(), name) == kHead.end()) {
      names.push_back(name);
    }
  }
  return names;  // in the order of the alphabet
}

Change event_of(ChangeType type) {
  return all_events(80).at(static_cast<std::size_t>(type));
}

bool is_refused(json document, const char* at, json value) {
  document[json::json_pointer(at)] = std::move(value);
  return !change_from_json(document).ok();
}

TEST(JsonChange, EveryType_SurvivesTheRoundTrip) {
  for (const Change& change : all_events(80)) {
    const Result<Change> read = change_from_json(to_json(change));
    ASSERT_TRUE(read.ok()) << read.error().context;
    EXPECT_EQ(*read, change) << to_string(change.type);
    EXPECT_EQ(change_from_text(json_text(change)).value(), change);
  }
}

TEST(JsonChange, WhatIsNotKnown_SurvivesTheRoundTrip) {
  Change failed = failed_bind(80);
  failed.failure = BindFailure();
  failed.failure->error = EADDRNOTAVAIL;
  Change loop = loop_event(ChangeType::crash_loop, 80);
  loop.loop->blockers.reset();
  loop.loop->last_exit.reset();
  loop.loop->last_process.reset();
  loop.loop->netns_cookie.reset();
  loop.loop->subject = {Subject::Kind::unit, "web.service", {}, {}};
  Change orphan = event_of(ChangeType::orphan);
  orphan.previous.reset();
  for (const Change& change : {failed, loop, orphan}) {
    EXPECT_EQ(change_from_json(to_json(change)).value(), change);
  }
}

TEST(JsonChange, EveryType_HasTheContractsFields) {
  using Names = std::vector<std::string>;
  const Names loop = {"active",  "blockers", "cause",   "count",       "first",
                      "last",    "lastExit", "netns",   "netnsCookie", "port",
                      "process", "protocol", "subject", "window"};
  EXPECT_EQ(content_of(event_of(ChangeType::release)), Names{"binding"});
  EXPECT_EQ(content_of(event_of(ChangeType::events_lost)), Names{"count"});
  EXPECT_EQ(content_of(event_of(ChangeType::resynced)), Names{"repairs"});
  EXPECT_EQ(content_of(event_of(ChangeType::bind_failed)),
            (Names{"blockers", "errno", "error", "moreBlockers", "operation",
                   "parents", "process", "requested", "why"}));
  EXPECT_EQ(content_of(event_of(ChangeType::bind_failure_loop)), loop);
  EXPECT_EQ(content_of(event_of(ChangeType::crash_loop)), loop);
  EXPECT_EQ(content_of(event_of(ChangeType::loop_ended)), loop);
  EXPECT_EQ(content_of(event_of(ChangeType::orphan)),
            (Names{"binding", "previous", "process"}));
  EXPECT_EQ(content_of(event_of(ChangeType::owner_changed)),
            (Names{"binding", "previous"}));
  EXPECT_EQ(content_of(event_of(ChangeType::time_wait_pile)),
            (Names{"binding", "count"}));
  EXPECT_EQ(content_of(event_of(ChangeType::port_conflict)), Names{});
}

TEST(JsonChange, FailedBind_IsWrittenAsTheContractSays) {
  const json written = to_json(failed_bind(80));
  EXPECT_EQ(written["event"], "bindFailed");
  EXPECT_EQ(written["operation"], "listen");
  EXPECT_EQ(written["errno"], 98);
  EXPECT_EQ(written["error"], "EADDRINUSE");
  EXPECT_EQ(written["requested"], json({{"protocol", "tcp"},
                                        {"family", "ipv4"},
                                        {"address", "127.0.0.1"},
                                        {"port", 80},
                                        {"netns", 4026531840u},
                                        {"netnsCookie", 1}}));
  EXPECT_FALSE(written["process"].contains("fds"));
  EXPECT_EQ(written["parents"].size(), 2u);
  EXPECT_EQ(written["blockers"][0]["holders"][0]["fds"], json({6, 7}));
}

TEST(JsonChange, Blockers_AreNullOrEmptyOrThere) {
  Change change = failed_bind(80);
  change.failure->blockers.emplace();
  EXPECT_EQ(to_json(change)["blockers"], json::array());
  EXPECT_EQ(change_from_json(to_json(change)).value(), change);
  change.failure->blockers.reset();
  EXPECT_TRUE(to_json(change)["blockers"].is_null());
}

TEST(JsonChange, Loop_IsWrittenAsTheContractSays) {
  const json written = to_json(loop_event(ChangeType::crash_loop, 80));
  EXPECT_EQ(written["subject"], json({{"kind", "program"},
                                      {"name", "/opt/secret/nginx -g"},
                                      {"uid", 33},
                                      {"user", "www-data"}}));
  EXPECT_EQ(written["protocol"], "mptcp");
  EXPECT_EQ(written["window"], 3600);
  EXPECT_EQ(written["first"], to_rfc3339(sample_time(1)));
  EXPECT_EQ(written["lastExit"],
            json({{"code", nullptr}, {"signal", "SIGKILL"}, {"coreDumped", true}}));
}

TEST(JsonChange, EverySignal_SurvivesTheRoundTrip) {
  Change change = loop_event(ChangeType::crash_loop, 80);
  for (int number = 1; number <= 100; ++number) {
    change.loop->last_exit = ExitStatus{{}, number, false};
    ASSERT_EQ(change_from_json(to_json(change)).value(), change) << number;
  }
  change.loop->last_exit = ExitStatus{3, {}, false};
  EXPECT_EQ(change_from_json(to_json(change)).value(), change);
}

TEST(JsonChange, Reconstructed_IsOnlyThereWhenTrue) {
  Change change = change_of(ChangeType::bind, 80);
  EXPECT_FALSE(to_json(change).contains("reconstructed"));
  change.reconstructed = true;
  EXPECT_EQ(to_json(change)["reconstructed"], true);
  EXPECT_EQ(change_from_json(to_json(change)).value(), change);
}

TEST(JsonChange, EventOfALaterVersion_IsNotSupported) {
  json document = to_json(change_of(ChangeType::bind, 80));
  document["event"] = "explosion";
  const Result<Change> read = change_from_json(document);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Errc::not_supported);
  EXPECT_EQ(change_from_text(document.dump()).error().code, Errc::not_supported);
}

TEST(JsonChange, FieldOfTheWrongType_IsAnError) {
  const json failed = to_json(failed_bind(80));
  EXPECT_TRUE(is_refused(failed, "/operation", "sleep"));
  EXPECT_TRUE(is_refused(failed, "/errno", "EADDRINUSE"));
  EXPECT_TRUE(is_refused(failed, "/requested", nullptr));
  EXPECT_TRUE(is_refused(failed, "/requested/port", 70000));
  EXPECT_TRUE(is_refused(failed, "/requested/address", "::1"));
  EXPECT_TRUE(is_refused(failed, "/requested/netns", -1));
  EXPECT_TRUE(is_refused(failed, "/process", nullptr));
  EXPECT_TRUE(is_refused(failed, "/process/pid", "1"));
  EXPECT_TRUE(is_refused(failed, "/parents", nullptr));
  EXPECT_TRUE(is_refused(failed, "/parents/1/uid", "root"));
  EXPECT_TRUE(is_refused(failed, "/blockers", 3));
  EXPECT_TRUE(is_refused(failed, "/blockers/0/port", "80"));
  EXPECT_TRUE(is_refused(failed, "/why", 3));
  const json loop = to_json(loop_event(ChangeType::loop_ended, 80));
  EXPECT_TRUE(is_refused(loop, "/subject", nullptr));
  EXPECT_TRUE(is_refused(loop, "/subject/kind", "person"));
  EXPECT_TRUE(is_refused(loop, "/subject/name", nullptr));
  EXPECT_TRUE(is_refused(loop, "/count", -1));
  EXPECT_TRUE(is_refused(loop, "/window", "1h"));
  EXPECT_TRUE(is_refused(loop, "/first", 7));
  EXPECT_TRUE(is_refused(loop, "/lastExit/signal", "SIGNOTHING"));
  EXPECT_TRUE(is_refused(loop, "/lastExit/signal", "signal -3"));
  EXPECT_TRUE(is_refused(loop, "/lastExit/coreDumped", nullptr));
  EXPECT_TRUE(is_refused(loop, "/process", "nginx"));
  const json pile = to_json(event_of(ChangeType::time_wait_pile));
  EXPECT_TRUE(is_refused(pile, "/count", nullptr));
}

TEST(JsonChange, UnknownFields_AreIgnored) {
  for (const Change& change : all_events(80)) {
    json document = to_json(change);
    document["mood"] = "blue";
    EXPECT_EQ(change_from_json(document).value(), change);
  }
}

void expect_same(const EventsAnswer& got, const EventsAnswer& expected) {
  EXPECT_EQ(got.source, expected.source);
  EXPECT_EQ(got.confidence, expected.confidence);
  EXPECT_EQ(got.missing, expected.missing);
  EXPECT_EQ(got.events, expected.events);
  EXPECT_EQ(got.active, expected.active);
}

TEST(JsonEvents, Answer_SurvivesTheRoundTrip) {
  const json written = json::parse(json_text(full_events()));
  const auto read = events_answer_from_json(written);
  ASSERT_TRUE(read.ok()) << read.error().context;
  expect_same(*read, full_events());
  expect_same(
      events_answer_from_json(json::parse(json_text(EventsAnswer()))).value(),
      EventsAnswer());
}

TEST(JsonEvents, Head_FollowsTheContract) {
  EXPECT_EQ(json_text(EventsAnswer()),
            "{\"schema\":\"portwatch/1\",\"source\":\"ebpf\","
            "\"confidence\":\"exact\",\"missing\":[],\"active\":0,\"events\":[]}");
}

TEST(JsonEvents, EventOfALaterVersion_IsPassedOver) {
  json document = json::parse(json_text(full_events()));
  document["events"][0]["event"] = "explosion";
  const auto read = events_answer_from_json(document);
  ASSERT_TRUE(read.ok()) << read.error().context;
  EXPECT_EQ(read->events,
            std::vector<Change>{loop_event(ChangeType::crash_loop, 80)});
}

TEST(JsonEvents, WrongOnes_AreErrors) {
  const json good = json::parse(json_text(full_events()));
  for (const char* at :
       {"/events", "/events/0", "/events/1/subject", "/active", "/source"}) {
    json document = good;
    document[json::json_pointer(at)] = 3.5;
    const auto read = events_answer_from_json(document);
    ASSERT_FALSE(read.ok()) << at;
    EXPECT_EQ(read.error().code, Errc::invalid) << at;
  }
}

}  // namespace
}  // namespace portwatch
