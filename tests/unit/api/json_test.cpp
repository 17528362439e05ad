#include "userspace/api/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/api/sample.h"

namespace portwatch {
namespace {

using nlohmann::json;

const std::vector<std::string> kBindingFields = {
    "protocol", "family",    "address",     "port",        "state",
    "id",       "inode",     "netns",       "netnsCookie", "netnsName",
    "ipv6Only", "reuseAddr", "reusePort",   "interface",   "uid",
    "since",    "until",     "remainingMs", "creator",     "lastExit",
    "heldBy",   "holders",   "moreHolders"};
const std::vector<std::string> kProcessFields = {
    "pid",           "startTime", "name",   "exe",       "cmdline", "uid",
    "user",          "ppid",      "nsPid",  "cgroup",    "unit",    "container",
    "containerName", "publishes", "orphan", "cmdlineCut"};

Answer answer_with(Binding binding) {
  Answer answer;
  answer.bindings = {std::move(binding)};
  return answer;
}

Binding round_trip(const Binding& binding) {
  const Result<Answer> read = answer_from_json(to_json(answer_with(binding)));
  EXPECT_TRUE(read.ok()) << (read ? "" : read.error().context);
  return read ? read->bindings.at(0) : Binding{};
}

std::string error_after(json document, const json::json_pointer& at, json value) {
  document[at] = std::move(value);
  const Result<Answer> read = answer_from_json(document);
  return read ? "" : read.error().context;
}

TEST(Json, FullBinding_SurvivesTheRoundTrip) {
  EXPECT_EQ(round_trip(full_binding(80)), full_binding(80));
}

TEST(Json, Cursor_SurvivesTheRoundTrip) {
  Answer answer = answer_with(full_binding(80));
  EXPECT_FALSE(to_json(answer).contains("before"));
  answer.before = HistoryCursor{1'795'257'737'000'000, 42};
  EXPECT_EQ(to_json(answer)["before"], "1795257737000000-42");
  EXPECT_EQ(answer_from_json(to_json(answer))->before, answer.before);
  json wrong = to_json(answer);
  wrong["before"] = "x";
  EXPECT_FALSE(answer_from_json(wrong));
}

TEST(Json, EndOfAProcess_SurvivesTheRoundTrip) {
  ProcessEnd end{full_process(kSamplePid, 33), {}, exit_status_from_wait(1 << 8)};
  const auto read = process_end_from_text(json_text(end));
  ASSERT_TRUE(read.ok()) << read.error().context;
  EXPECT_EQ(read->status, end.status);
  EXPECT_EQ(read->process.start_time, end.process.start_time);
  EXPECT_FALSE(process_end_from_text("x"));
}

TEST(Json, BareBinding_SurvivesTheRoundTrip) {
  EXPECT_EQ(round_trip(bare_binding(53)), bare_binding(53));
}

TEST(Json, EmptyHolders_StayApartFromUnknownHolders) {
  Binding binding = bare_binding(53);
  binding.holders.emplace();
  EXPECT_EQ(round_trip(binding).holders, std::vector<Process>{});
}

TEST(Json, EveryField_IsThereEvenWhenUnknown) {
  Binding binding = bare_binding(53);
  binding.creator = Process{};
  binding.holders = {Process{}};
  const json written = to_json(answer_with(binding))["bindings"][0];
  for (const std::string& field : kBindingFields) {
    EXPECT_TRUE(written.contains(field)) << field;
  }
  for (const std::string& field : kProcessFields) {
    EXPECT_TRUE(written["creator"].contains(field)) << field;
    EXPECT_TRUE(written["holders"][0].contains(field)) << field;
  }
  EXPECT_EQ(written.size(), kBindingFields.size());
  EXPECT_EQ(written["creator"].size(), kProcessFields.size());
  EXPECT_EQ(written["holders"][0].size(), kProcessFields.size() + 1);
  EXPECT_TRUE(written["holders"][0]["fds"].is_null());
}

TEST(Json, PublishedPort_HasEveryFieldEvenWhenUnknown) {
  Binding binding = full_binding(80);
  binding.creator.edit(
      [&](Process& creator) { creator.publishes = PublishedPort(); });
  const json written = to_json(answer_with(binding))["bindings"][0];
  EXPECT_EQ(written["creator"]["publishes"], json({{"container", nullptr},
                                                   {"containerName", nullptr},
                                                   {"address", nullptr},
                                                   {"port", nullptr}}));
  EXPECT_EQ(round_trip(binding), binding);
}

TEST(Json, PortThatIsNone_IsAnErrorOfItsField) {
  json document = to_json(answer_with(full_binding(80)));
  const json::json_pointer port("/bindings/0/holders/0/publishes/port");
  EXPECT_NE(error_after(document, port, 65536).find("'port'"), std::string::npos);
  EXPECT_NE(error_after(document, port.parent_pointer(), "web").find("publishes"),
            std::string::npos);
}

TEST(Json, NoInode_IsNull) {
  EXPECT_TRUE(
      to_json(answer_with(bare_binding(1)))["bindings"][0]["inode"].is_null());
}

TEST(Json, StartTicks_AreNotCarried) {
  Binding binding = full_binding(80);
  binding.creator.edit([&](Process& creator) { creator.id.start_ticks = 99; });
  EXPECT_EQ(round_trip(binding).creator->id.start_ticks, 0u);
}

TEST(Json, AnswerHead_FollowsTheContract) {
  Answer answer;
  answer.source = Source::sock_diag;
  answer.miss({"holders", "of 3: no rights"});
  EXPECT_EQ(json_text(answer),
            "{\"schema\":\"portwatch/1\",\"source\":\"sock_diag\","
            "\"confidence\":\"partial\",\"missing\":[\"holders: of 3: no rights\"],"
            "\"bindings\":[]}");
}

TEST(Json, Missing_SplitsAtTheFirstColon) {
  Answer answer;
  answer.miss({"holders", "of 3: no rights"});
  const Result<Answer> read = answer_from_json(to_json(answer));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->missing, answer.missing);
  EXPECT_EQ(read->confidence, Confidence::partial);
}

TEST(Json, LargestNumbers_Survive) {
  Binding binding = full_binding(65535, 4294967295u);
  binding.inode = binding.netns_cookie.emplace() = UINT64_MAX;
  binding.netns = UINT32_MAX;
  EXPECT_EQ(round_trip(binding), binding);
}

TEST(Json, NameThatIsNoUtf8_BecomesReplacementCharacters) {
  Binding binding = full_binding(80);
  const std::string bytes("a\xFF\xC0\xAF\xED\xA0\x80\xF5z\xE2\x82", 11);
  binding.creator.edit([&](Process& creator) { creator.name = bytes; });
  const std::string name = *round_trip(binding).creator->name;
  EXPECT_EQ(name.front(), 'a');
  EXPECT_NE(name.find("\xEF\xBF\xBDz\xEF\xBF\xBD"), std::string::npos);
}

TEST(Json, EveryByteInAName_GivesValidJson) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      Answer answer;
      answer.missing = {
          {std::string{static_cast<char>(first), static_cast<char>(second), 'x'},
           ""}};
      ASSERT_TRUE(json::accept(json_text(answer))) << first << " " << second;
    }
  }
}

TEST(Json, ControlCharactersQuotesAndUtf8_SurviveExactly) {
  Binding binding = full_binding(80);
  binding.creator.edit([&](Process& creator) {
    creator.cmdline = {"\x01\n\t\"\\/", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"};
  });
  EXPECT_EQ(round_trip(binding), binding);
}

TEST(Json, Status_SurvivesTheRoundTrip) {
  const Result<Status> read = status_from_json(to_json(full_status()));
  ASSERT_TRUE(read.ok()) << read.error().context;
  EXPECT_EQ(*read, full_status());
}

TEST(Json, StatusWithoutTheHistory_SaysNull) {
  Status status = full_status();
  status.history = HistoryStatus();
  const json written = to_json(status);
  EXPECT_EQ(written["history"], json({{"enabled", false},
                                      {"path", nullptr},
                                      {"error", nullptr},
                                      {"rows", 0},
                                      {"bytes", 0},
                                      {"lost", 0}}));
  EXPECT_EQ(status_from_json(written).value(), status);
}

TEST(Json, StatusOfTheWrongType_IsAnErrorOfItsField) {
  for (const char* at : {"/history/rows", "/alerts/dropped", "/bindResults",
                         "/history/enabled", "/alerts", "/failures"}) {
    json document = to_json(full_status());
    document[json::json_pointer(at)] = json::array();
    EXPECT_FALSE(status_from_json(document).ok()) << at;
    document[json::json_pointer(at)] = nullptr;
    EXPECT_FALSE(status_from_json(document).ok()) << at;
  }
}

TEST(Json, BindingAsText_SurvivesTheRoundTrip) {
  const Result<Binding> read = binding_from_text(json_text(full_binding(80)));
  ASSERT_TRUE(read.ok()) << read.error().context;
  EXPECT_EQ(*read, full_binding(80));
  EXPECT_EQ(binding_from_text("{\"protocol\":").error().code, Errc::invalid);
  EXPECT_FALSE(binding_from_text("").ok());
  EXPECT_FALSE(binding_from_text("[]").ok());
  EXPECT_FALSE(binding_from_text(std::string(200000, '[')).ok());
}

TEST(Json, WrongField_IsNamed) {
  const json good = to_json(answer_with(full_binding(80)));
  using Pointer = json::json_pointer;
  EXPECT_EQ(error_after(good, Pointer("/bindings/0/holders/1/pid"), "x"),
            "bindings[0]: holders[1]: field 'pid' is of the wrong type or out of "
            "range");
  EXPECT_EQ(error_after(good, Pointer("/bindings/0/port"), 65536),
            "bindings[0]: field 'port' is of the wrong type or out of range");
  EXPECT_NE(error_after(good, Pointer("/bindings/0/address"), "::1"), "");
  EXPECT_NE(error_after(good, Pointer("/bindings/0/state"), "asleep"), "");
  EXPECT_NE(error_after(good, Pointer("/bindings/0/since"), "today"), "");
  EXPECT_NE(error_after(good, Pointer("/bindings/0/creator"), 3), "");
  EXPECT_NE(error_after(good, Pointer("/bindings"), "none"), "");
  EXPECT_NE(error_after(good, Pointer("/bindings/0/inode"), 1.5), "");
  EXPECT_NE(error_after(good, Pointer("/bindings/0/inode"), -1), "");
  EXPECT_NE(error_after(good, Pointer("/missing/0"), 7), "");
  EXPECT_NE(error_after(good, Pointer("/confidence"), nullptr), "");
}

TEST(Json, NoObject_IsAnError) {
  EXPECT_FALSE(answer_from_json(json::array()).ok());
  EXPECT_FALSE(change_from_json(json(3)).ok());
  EXPECT_FALSE(status_from_json(json()).ok());
}

TEST(Json, UnknownFields_AreIgnored) {
  json document = to_json(answer_with(full_binding(80)));
  document["bindings"][0]["colour"] = "blue";
  document["mood"] = 3;
  EXPECT_TRUE(answer_from_json(document).ok());
}

}  // namespace
}  // namespace portwatch
