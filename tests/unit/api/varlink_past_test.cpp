// What a well-behaved client gets from Why, Failures, Loops and History.
#include <gtest/gtest.h>

#include "tests/unit/api/sample.h"
#include "tests/unit/api/test_server.h"
#include "userspace/source/netns.h"

namespace portwatch {
namespace {

using nlohmann::json;

const std::vector<std::string> kPast = {
    "io.portwatch.Failures", "io.portwatch.Loops", "io.portwatch.History"};

json reply_to(TestServer& server, const std::string& method,
              const json& parameters) {
  RawClient client(server.path());
  client.call(method, parameters);
  return client.read().value_or(json("no reply"));
}

BindRequest request_of(const json& parameters) {
  TestServer server;
  const json reply = reply_to(server, "io.portwatch.Why", parameters);
  EXPECT_TRUE(reply.contains("parameters") && !reply.contains("error")) << reply;
  return server.service().requests.empty() ? BindRequest()
                                           : server.service().requests.back();
}

HistoryQuestion question_of(const std::string& method, const json& parameters) {
  TestServer server;
  const json reply = reply_to(server, method, parameters);
  EXPECT_FALSE(reply.contains("error")) << reply;
  return server.service().past.empty() ? HistoryQuestion()
                                       : server.service().past.back();
}

std::string fault_of(TestServer& server, const std::string& method,
                     const json& parameters) {
  const json reply = reply_to(server, method, parameters);
  EXPECT_EQ(reply.value("error", ""), "org.varlink.service.InvalidParameter")
      << method << parameters;
  return reply["parameters"].value("parameter", "");
}

TEST(VarlinkWhy, Verdict_IsTheServices) {
  TestServer server;
  server.service().verdict = full_verdict();
  const json reply = reply_to(server, "io.portwatch.Why", {{"port", 80}});
  EXPECT_EQ(reply.size(), 1u);
  EXPECT_EQ(reply["parameters"]["outcome"], "blocked");
  EXPECT_EQ(reply["parameters"]["reasons"][0]["code"], "listener");
  EXPECT_EQ(reply["parameters"]["request"]["port"], 80);
}

TEST(VarlinkWhy, OnlyAPort_IsATcpListenerOnEverything) {
  const BindRequest request = request_of({{"port", 80}});
  EXPECT_EQ(request.endpoint.protocol, Protocol::tcp);
  EXPECT_EQ(request.endpoint.family, Family::ipv6);
  EXPECT_EQ(request.endpoint.address, AddressBytes{});
  EXPECT_EQ(request.endpoint.port, 80);
  EXPECT_EQ(request.netns, netns_of(0).value());
  EXPECT_EQ(request.uid, geteuid());
  EXPECT_TRUE(request.listens);
  EXPECT_FALSE(request.ipv6_only || request.reuse_addr || request.reuse_port);
  EXPECT_EQ(request.interface_index, 0u);
}

TEST(VarlinkWhy, EveryParameter_ReachesTheService) {
  const BindRequest request = request_of({{"port", 0},
                                          {"address", "::1"},
                                          {"protocol", "udp"},
                                          {"netns", 4026531841u},
                                          {"reuseAddr", true},
                                          {"reusePort", true},
                                          {"ipv6Only", true},
                                          {"listens", false},
                                          {"interface", 7}});
  EXPECT_EQ(request.endpoint.protocol, Protocol::udp);
  EXPECT_EQ(address_text(request.endpoint), "::1");
  EXPECT_EQ(request.endpoint.port, 0);
  EXPECT_EQ(request.netns, 4026531841u);
  EXPECT_TRUE(request.reuse_addr && request.reuse_port && request.ipv6_only);
  EXPECT_FALSE(request.listens);
  EXPECT_EQ(request.interface_index, 7u);
  const Endpoint four =
      request_of({{"port", 80}, {"address", "127.0.0.1"}}).endpoint;
  EXPECT_EQ(four.family, Family::ipv4);
  EXPECT_EQ(address_text(four), "127.0.0.1");
}

TEST(VarlinkWhy, BadParameters_AreNamed) {
  TestServer server;
  const std::string why = "io.portwatch.Why";
  EXPECT_EQ(fault_of(server, why, json::object()), "port");
  EXPECT_EQ(fault_of(server, why, {{"port", nullptr}}), "port");
  EXPECT_EQ(fault_of(server, why, {{"port", "80"}}), "port");
  for (const char* address : {"", "localhost", "1.2.3", "::1%lo", "::1 "}) {
    EXPECT_EQ(fault_of(server, why, {{"port", 80}, {"address", address}}),
              "address");
  }
  EXPECT_EQ(fault_of(server, why, {{"port", 80}, {"protocol", "x"}}), "protocol");
  EXPECT_EQ(fault_of(server, why, {{"port", 80}, {"netns", -1}}), "netns");
  EXPECT_EQ(fault_of(server, why, {{"port", 80}, {"listens", 1}}), "listens");
  EXPECT_EQ(fault_of(server, why, {{"port", 80}, {"interface", "lo"}}),
            "interface");
  EXPECT_EQ(fault_of(server, why,
                     {{"port", 80}, {"address", "0.0.0.0"}, {"ipv6Only", true}}),
            "ipv6Only");
  EXPECT_EQ(fault_of(server, why, {{"port", 80}, {"mood", 1}}), "mood");
  EXPECT_TRUE(server.service().requests.empty());
}

TEST(VarlinkWhy, PortThatIsNone_IsInvalidPort) {
  TestServer server;
  for (const json& port : {json(65536), json(-1), json(UINT64_MAX)}) {
    const json reply = reply_to(server, "io.portwatch.Why", {{"port", port}});
    EXPECT_EQ(reply["error"], "io.portwatch.InvalidPort");
    EXPECT_EQ(reply["parameters"]["port"], port);
  }
}

TEST(VarlinkWhy, NoNamespace_IsNoVerdict) {
  TestServer server;
  const json reply =
      reply_to(server, "io.portwatch.Why", {{"port", 80}, {"netns", 0}});
  EXPECT_EQ(reply["error"], "io.portwatch.Unavailable");
  EXPECT_TRUE(server.service().requests.empty());
}

TEST(VarlinkPast, Answers_AreTheServices) {
  TestServer server;
  server.service().failed = full_events();
  server.service().looping.active = 3;
  server.service().whole.bindings = {full_binding(80)};
  const json failures = reply_to(server, "io.portwatch.Failures", {})["parameters"];
  EXPECT_EQ(failures["events"][0]["event"], "bindFailed");
  EXPECT_EQ(failures["missing"], json({"scope: history is off"}));
  const json loops = reply_to(server, "io.portwatch.Loops", {})["parameters"];
  EXPECT_EQ(loops["active"], 3);
  EXPECT_EQ(loops["events"], json::array());
  const json history = reply_to(server, "io.portwatch.History", {})["parameters"];
  EXPECT_EQ(history["bindings"][0]["until"], to_rfc3339(sample_time(5)));
}

TEST(VarlinkPast, NoParameter_NarrowsNothing) {
  for (const std::string& method : kPast) {
    const HistoryQuestion question = question_of(method, json::object());
    EXPECT_FALSE(question.port || question.protocol || question.netns ||
                 question.since || question.until);
    EXPECT_EQ(question.limit, 1000u);
  }
}

TEST(VarlinkPast, EveryParameter_ReachesTheService) {
  for (const std::string& method : kPast) {
    const HistoryQuestion question =
        question_of(method, {{"port", 80},
                             {"protocol", "udp"},
                             {"netns", 4026531840u},
                             {"since", to_rfc3339(sample_time())},
                             {"until", to_rfc3339(sample_time(9))},
                             {"limit", kMaxHistoryRows},
                             {"before", "12-34"}});
    EXPECT_EQ(question.before, (HistoryCursor{12, 34}));
    EXPECT_EQ(question.port, 80);
    EXPECT_EQ(question.protocol, Protocol::udp);
    EXPECT_EQ(question.netns, 4026531840u);
    EXPECT_EQ(question.since, sample_time());
    EXPECT_EQ(question.until, sample_time(9));
    EXPECT_EQ(question.limit, kMaxHistoryRows);
  }
}

TEST(VarlinkPast, Instant_IsBothEnds) {
  const HistoryQuestion question = question_of(
      "io.portwatch.History", {{"port", 80}, {"at", to_rfc3339(sample_time())}});
  EXPECT_EQ(question.since, sample_time());
  EXPECT_EQ(question.until, sample_time());
}

TEST(VarlinkPast, BadParameters_AreNamed) {
  TestServer server;
  const std::string early = to_rfc3339(sample_time());
  const std::string late = to_rfc3339(sample_time(1));
  for (const std::string& method : kPast) {
    EXPECT_EQ(fault_of(server, method, {{"limit", 0}}), "limit");
    EXPECT_EQ(fault_of(server, method, {{"limit", kMaxHistoryRows + 1}}), "limit");
    EXPECT_EQ(fault_of(server, method, {{"limit", -1}}), "limit");
    EXPECT_EQ(fault_of(server, method, {{"since", "yesterday"}}), "since");
    EXPECT_EQ(fault_of(server, method, {{"until", 7}}), "until");
    EXPECT_EQ(fault_of(server, method, {{"since", late}, {"until", early}}),
              "until");
    EXPECT_EQ(fault_of(server, method, {{"mood", 1}}), "mood");
    for (const json& before : {json("12"), json("-1-2"), json("1-2x"), json(12)}) {
      EXPECT_EQ(fault_of(server, method, {{"before", before}}), "before");
    }
    EXPECT_EQ(reply_to(server, method, {{"port", 0}})["error"],
              "io.portwatch.InvalidPort");
  }
  EXPECT_EQ(
      fault_of(server, "io.portwatch.History", {{"at", early}, {"since", early}}),
      "at");
  EXPECT_EQ(fault_of(server, "io.portwatch.History", {{"at", "noon"}}), "at");
  EXPECT_EQ(fault_of(server, "io.portwatch.Loops", {{"at", early}}), "at");
  EXPECT_TRUE(server.service().past.empty());
}

TEST(VarlinkPast, ServiceErrors_KeepTheirReason) {
  TestServer server;
  server.service().broken = Error{Errc::overloaded, "because"};
  for (const std::string& method : kPast) {
    const json reply = reply_to(server, method, json::object());
    EXPECT_EQ(reply["error"], "io.portwatch.Overloaded");
    EXPECT_EQ(reply["parameters"]["reason"], "because");
  }
  EXPECT_EQ(reply_to(server, "io.portwatch.Why", {{"port", 1}})["error"],
            "io.portwatch.Overloaded");
}

TEST(VarlinkPast, AsManyRowsAsAllowed_ArriveWhole) {
  TestServer server;
  server.service().failed.events.assign(kMaxHistoryRows, failed_bind(80));
  const json reply =
      reply_to(server, "io.portwatch.Failures", {{"limit", kMaxHistoryRows}});
  EXPECT_EQ(reply["parameters"]["events"].size(), kMaxHistoryRows);
}

}  // namespace
}  // namespace portwatch
