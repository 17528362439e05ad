// Why, Failures, Loops and History there and back, through a real socket.
#include <gtest/gtest.h>

#include "tests/unit/api/sample.h"
#include "tests/unit/api/test_server.h"
#include "userspace/api/varlink_client.h"

namespace portwatch {
namespace {

VarlinkClient client_of(const TestServer& server) {
  auto client =
      VarlinkClient::connect(server.path(), std::chrono::milliseconds(30000));
  EXPECT_TRUE(client.ok()) << (client ? "" : client.error().context);
  return std::move(client).value();
}

HistoryQuestion full_question() {
  HistoryQuestion question;
  question.port = Port{80};
  question.protocol = Protocol::udp;
  question.netns = 4026531840u;
  question.since = sample_time();
  question.until = sample_time(7);
  question.limit = 17;
  return question;
}

void expect_full_question(const HistoryQuestion& got) {
  const HistoryQuestion expected = full_question();
  EXPECT_EQ(got.port, expected.port);
  EXPECT_EQ(got.protocol, expected.protocol);
  EXPECT_EQ(got.netns, expected.netns);
  EXPECT_EQ(got.since, expected.since);
  EXPECT_EQ(got.until, expected.until);
  EXPECT_EQ(got.limit, expected.limit);
}

// Nothing that a stranger would not see: the tests run as any user.
Change own_failure() {
  Change change = failed_bind(80);
  change.failure->blockers = {full_binding(80, geteuid())};
  change.failure->parents.clear();
  change.failure->process.uid = geteuid();
  return change;
}

TEST(VarlinkClientMethods, Why_CarriesTheRequestAndTheVerdict) {
  TestServer server;
  server.service().verdict = full_verdict();
  server.service().verdict.reasons = {full_reason(ReasonCode::listener, geteuid())};
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    BindRequest request;
    request.endpoint = {Protocol::udp, family, {127, 0, 0, 1}, 0};
    request.reuse_addr = request.reuse_port = true;
    request.ipv6_only = family == Family::ipv6;
    request.listens = false;
    request.interface_index = 3;
    const Result<Verdict> verdict = client_of(server).why(request);
    ASSERT_TRUE(verdict.ok()) << verdict.error().context;
    EXPECT_EQ(verdict->reasons, server.service().verdict.reasons);
    EXPECT_EQ(verdict->outcome, Answerable::blocked);
    EXPECT_EQ(verdict->error, EADDRINUSE);
    const BindRequest asked = server.service().requests.back();
    EXPECT_EQ(asked.endpoint, request.endpoint);
    EXPECT_TRUE(asked.reuse_addr && asked.reuse_port && !asked.listens);
    EXPECT_EQ(asked.ipv6_only, request.ipv6_only);
    EXPECT_EQ(asked.interface_index, 3u);
    EXPECT_NE(asked.netns, 0u);
  }
}

TEST(VarlinkClientMethods, PlainRequest_StaysPlain) {
  TestServer server;
  BindRequest request;
  request.endpoint.port = 80;
  ASSERT_TRUE(client_of(server).why(request).ok());
  const BindRequest asked = server.service().requests.back();
  EXPECT_FALSE(asked.reuse_addr || asked.reuse_port || asked.ipv6_only);
  EXPECT_TRUE(asked.listens);
}

TEST(VarlinkClientMethods, Failures_ComeBackAsTheServiceSaidThem) {
  TestServer server;
  server.service().failed = full_events();
  server.service().failed.events = {own_failure()};
  const Result<EventsAnswer> answer = client_of(server).failures(full_question());
  ASSERT_TRUE(answer.ok()) << answer.error().context;
  EXPECT_EQ(answer->events, server.service().failed.events);
  EXPECT_EQ(answer->missing, server.service().failed.missing);
  EXPECT_EQ(answer->confidence, Confidence::partial);
  EXPECT_EQ(answer->source, Source::procfs);
  expect_full_question(server.service().past.at(0));
}

TEST(VarlinkClientMethods, Loops_ComeBackAsTheServiceSaidThem) {
  TestServer server;
  Change loop = loop_event(ChangeType::crash_loop, 80);
  loop.loop->subject = {Subject::Kind::unit, "web.service", {}, {}};
  loop.loop->last_process.reset();
  loop.loop->blockers.reset();
  server.service().looping.events = {loop};
  server.service().looping.active = 1;
  const Result<EventsAnswer> answer = client_of(server).loops(full_question());
  ASSERT_TRUE(answer.ok()) << answer.error().context;
  EXPECT_EQ(answer->events, server.service().looping.events);
  EXPECT_EQ(answer->active, 1u);
  expect_full_question(server.service().past.at(0));
}

TEST(VarlinkClientMethods, History_ComesBackAsTheServiceSaidIt) {
  TestServer server;
  server.service().whole.bindings = {full_binding(80, geteuid())};
  const Result<Answer> answer = client_of(server).history(full_question());
  ASSERT_TRUE(answer.ok()) << answer.error().context;
  EXPECT_EQ(answer->bindings, server.service().whole.bindings);
  expect_full_question(server.service().past.at(0));
}

EventsAnswer page_of(std::vector<std::uint64_t> numbers, bool more) {
  EventsAnswer page;
  for (const std::uint64_t number : numbers) {
    page.events.push_back(own_failure());
    page.events.back().seq = number;
  }
  page.confidence = Confidence::snapshot;
  if (more) {
    page.before = HistoryCursor{static_cast<std::int64_t>(numbers.front()), 1};
    page.missing = {only_youngest(numbers.size())};
    page.confidence = Confidence::partial;
  }
  return page;
}

std::vector<std::uint64_t> numbers_of(const EventsAnswer& answer) {
  std::vector<std::uint64_t> numbers;
  for (const Change& change : answer.events) {
    numbers.push_back(change.seq);
  }
  return numbers;
}

using Numbers = std::vector<std::uint64_t>;

TEST(VarlinkClientMethods, Pages_AreOneAnswer) {
  TestServer server;
  server.service().failed_pages = {page_of({4, 5}, true), page_of({2, 3}, true),
                                   page_of({1}, false)};
  const auto answer = client_of(server).failures({});
  ASSERT_TRUE(answer.ok()) << answer.error().context;
  EXPECT_EQ(numbers_of(*answer), Numbers({1, 2, 3, 4, 5}));
  EXPECT_EQ(answer->missing, std::vector<Missing>());
  EXPECT_EQ(answer->confidence, Confidence::snapshot);
  const auto& asked = server.service().past;
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[1].before, server.service().failed_pages[0].before);
  EXPECT_EQ(asked[1].limit, 998u);
}

TEST(VarlinkClientMethods, MoreThanTheLimit_SaysSo) {
  TestServer server;
  server.service().failed_pages = {page_of({4, 5}, true), page_of({2, 3}, true)};
  HistoryQuestion question;
  question.limit = 4;
  const auto answer = client_of(server).failures(question);
  ASSERT_TRUE(answer.ok()) << answer.error().context;
  EXPECT_EQ(numbers_of(*answer), Numbers({2, 3, 4, 5}));
  EXPECT_EQ(answer->missing, std::vector<Missing>({only_youngest(4)}));
  EXPECT_EQ(answer->confidence, Confidence::partial);
  EXPECT_FALSE(answer->before);
  EXPECT_EQ(server.service().past.size(), 2u);
}

TEST(VarlinkClientMethods, EmptyPages_EndToo) {
  TestServer server;
  EventsAnswer empty;
  empty.before = HistoryCursor{1, 1};
  server.service().failed_pages = {page_of({4}, true), empty};
  const auto answer = client_of(server).failures({});
  ASSERT_TRUE(answer.ok()) << answer.error().context;
  EXPECT_EQ(numbers_of(*answer), Numbers({4}));
}

TEST(VarlinkClientMethods, Errors_KeepTheirKind) {
  TestServer server;
  server.service().broken = Error{Errc::not_permitted, "because"};
  VarlinkClient client = client_of(server);
  EXPECT_EQ(client.why({}).error().code, Errc::not_permitted);
  EXPECT_EQ(client.failures({}).error().code, Errc::not_permitted);
  EXPECT_EQ(client.loops({}).error().code, Errc::not_permitted);
  EXPECT_EQ(client.history({}).error().context, "portwatchd refuses: because");
  HistoryQuestion too_many;
  too_many.limit = kMaxHistoryRows + 1;
  EXPECT_EQ(client.history(too_many).error().code, Errc::invalid);
}

TEST(VarlinkClientMethods, EveryEvent_ReachesAWatcher) {
  TestServer server;
  const std::vector<Change> events = all_events(80);
  for (const Change& change : events) {
    server.publish(change);
  }
  std::vector<ChangeType> seen;
  const auto done = client_of(server).watch({{}, {}, kChangeTypes},
                                            std::chrono::milliseconds(30000),
                                            [&](const Change& change) {
                                              seen.push_back(change.type);
                                              return seen.size() < kChangeTypes;
                                            });
  ASSERT_TRUE(done.ok()) << done.error().context;
  for (std::size_t i = 0; i < kChangeTypes; ++i) {
    EXPECT_EQ(seen[i], static_cast<ChangeType>(i));
  }
}

}  // namespace
}  // namespace portwatch
