#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/api/sample.h"
#include "userspace/api/json.h"

namespace portwatch {
namespace {

using nlohmann::json;

json verdict_document(const Verdict& verdict) {
  return json::parse(json_text(verdict));
}

// What the document carries of a request: the rest is the daemon's to know.
void expect_same_request(const BindRequest& got, const BindRequest& expected) {
  EXPECT_EQ(got.endpoint, expected.endpoint);
  EXPECT_EQ(got.netns, expected.netns);
  EXPECT_EQ(got.reuse_addr, expected.reuse_addr);
  EXPECT_EQ(got.reuse_port, expected.reuse_port);
  EXPECT_EQ(got.ipv6_only, expected.ipv6_only);
  EXPECT_EQ(got.listens, expected.listens);
  EXPECT_EQ(got.interface_index, expected.interface_index);
}

void expect_round_trip(const Verdict& verdict) {
  const Result<Verdict> read = verdict_from_json(verdict_document(verdict));
  ASSERT_TRUE(read.ok()) << read.error().context;
  EXPECT_EQ(read->outcome, verdict.outcome);
  EXPECT_EQ(read->error, verdict.error);
  EXPECT_EQ(read->reasons, verdict.reasons);
  EXPECT_EQ(read->source, verdict.source);
  EXPECT_EQ(read->confidence, verdict.confidence);
  EXPECT_EQ(read->missing, verdict.missing);
  expect_same_request(read->request, verdict.request);
}

TEST(JsonVerdict, FullAndEmpty_SurviveTheRoundTrip) {
  expect_round_trip(full_verdict());
  expect_round_trip(Verdict());
  Verdict free = full_verdict();
  free.outcome = Answerable::free;
  free.error = 0;
  free.request.endpoint.family = Family::ipv6;
  free.request.endpoint.address = {};
  free.request.ipv6_only = true;
  free.request.interface_index = 2;
  expect_round_trip(free);
}

TEST(JsonVerdict, EveryReason_SurvivesTheRoundTrip) {
  Verdict verdict = full_verdict();
  for (auto code = ReasonCode::listener;;
       code = static_cast<ReasonCode>(static_cast<int>(code) + 1)) {
    verdict.reasons[0].code = code;
    expect_round_trip(verdict);
    if (code == ReasonCode::loops) {
      return;
    }
  }
}

TEST(JsonVerdict, Document_IsAsTheContractSays) {
  const json document = verdict_document(full_verdict());
  EXPECT_EQ(document["schema"], "portwatch/1");
  EXPECT_EQ(document["outcome"], "blocked");
  EXPECT_EQ(document["errno"], 98);
  EXPECT_EQ(document["error"], "EADDRINUSE");
  EXPECT_EQ(document["request"], json({{"protocol", "tcp"},
                                       {"family", "ipv4"},
                                       {"address", "127.0.0.1"},
                                       {"port", 80},
                                       {"netns", 4026531840u},
                                       {"reuseAddr", true},
                                       {"reusePort", true},
                                       {"ipv6Only", false},
                                       {"listens", false},
                                       {"interface", nullptr}}));
  const json& reason = document["reasons"][0];
  EXPECT_EQ(reason["code"], "listener");
  EXPECT_EQ(reason["blocks"], true);
  EXPECT_EQ(reason["bindings"][0]["port"], 80);
  EXPECT_EQ(
      reason["remedies"],
      json({{{"text", "stop it"}, {"command", "systemctl stop nginx.service"}},
            {{"text", "take another port"}, {"command", nullptr}}}));
  const json& note = document["reasons"][1];
  EXPECT_EQ(note["blocks"], false);
  EXPECT_TRUE(note["errno"].is_null());
  EXPECT_TRUE(note["error"].is_null());
}

TEST(JsonVerdict, FieldOfTheWrongType_IsAnError) {
  for (const char* at : {"/outcome",
                         "/errno",
                         "/request",
                         "/request/port",
                         "/request/address",
                         "/request/listens",
                         "/reasons",
                         "/reasons/0",
                         "/reasons/0/code",
                         "/reasons/0/blocks",
                         "/reasons/0/text",
                         "/reasons/0/errno",
                         "/reasons/0/bindings",
                         "/reasons/0/bindings/0/state",
                         "/reasons/0/remedies",
                         "/reasons/0/remedies/0",
                         "/reasons/0/remedies/0/text",
                         "/reasons/0/remedies/0/command",
                         "/source",
                         "/confidence",
                         "/missing"}) {
    json document = verdict_document(full_verdict());
    document[json::json_pointer(at)] = 3.5;
    EXPECT_FALSE(verdict_from_json(document).ok()) << at;
  }
  EXPECT_FALSE(verdict_from_json(json::array()).ok());
}

TEST(JsonVerdict, UnknownFields_AreIgnored) {
  json document = verdict_document(full_verdict());
  document["mood"] = 3;
  document["request"]["mood"] = 3;
  document["reasons"][0]["mood"] = 3;
  document["reasons"][0]["remedies"][0]["mood"] = 3;
  EXPECT_TRUE(verdict_from_json(document).ok());
}

}  // namespace
}  // namespace portwatch
