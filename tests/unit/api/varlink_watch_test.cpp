#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/unit/api/sample.h"
#include "tests/unit/api/test_server.h"
#include "userspace/api/subscription.h"

namespace portwatch {
namespace {

using nlohmann::json;

// A client whose Watch has been taken up.
RawClient watch(TestServer& server, const json& parameters, bool more = true) {
  const std::size_t before = server.subscribers();
  RawClient client(server.path());
  client.call("io.portwatch.Watch", parameters, more);
  EXPECT_TRUE(eventually([&] { return server.subscribers() == before + 1; }));
  return client;
}

Change lost() {
  Change change;
  change.type = ChangeType::events_lost;
  change.count = 5;
  return change;
}

// The seq of the next event.
std::uint64_t next_seq(RawClient& client) {
  const auto reply = client.read();
  return reply ? (*reply)["parameters"]["event"]["seq"].get<std::uint64_t>() : 0;
}

TEST(Watch, Events_ComeAsTheContractWritesThem) {
  TestServer server;
  RawClient client = watch(server, json::object());
  server.publish(change_of(ChangeType::listen, 80));
  const json reply = client.read().value();
  EXPECT_EQ(reply["continues"], true);
  const json& event = reply["parameters"]["event"];
  EXPECT_EQ(event["schema"], "portwatch/1");
  EXPECT_EQ(event["event"], "listen");
  EXPECT_EQ(event["seq"], 1);
  EXPECT_EQ(event["binding"]["port"], 80);
}

TEST(Watch, WithoutMore_OneEventAnswersTheCall) {
  TestServer server;
  RawClient client = watch(server, json::object(), false);
  client.call("io.portwatch.Explode", {});  // pipelined: waits its turn
  server.publish(change_of(ChangeType::bind, 80));
  server.publish(change_of(ChangeType::bind, 81));
  const json reply = client.read().value();
  EXPECT_FALSE(reply.contains("continues"));
  EXPECT_EQ(reply["parameters"]["event"]["seq"], 1);
  EXPECT_EQ(client.read().value()["error"], "org.varlink.service.MethodNotFound");
  EXPECT_EQ(server.subscribers(), 0u);
}

TEST(Watch, Filters_HoldBackTheOthers) {
  TestServer server;
  RawClient by_type = watch(server, {{"events", {"release", "crashLoop"}}});
  RawClient by_port = watch(server, {{"ports", {81, 82}}});
  RawClient later = watch(server, {{"events", {"bindFailed"}}});
  server.publish(change_of(ChangeType::bind, 80));     // 1: nobody
  server.publish(change_of(ChangeType::release, 80));  // 2: by_type
  server.publish(change_of(ChangeType::bind, 82));     // 3: by_port
  server.publish(lost());                              // 4: by_port
  server.publish(change_of(ChangeType::release, 81));  // 5: both
  EXPECT_EQ(next_seq(by_type), 2u);
  EXPECT_EQ(next_seq(by_type), 5u);
  EXPECT_EQ(next_seq(by_port), 3u);
  EXPECT_EQ(next_seq(by_port), 4u);
  EXPECT_EQ(next_seq(by_port), 5u);
  char byte = 0;
  EXPECT_EQ(recv(later.fd(), &byte, 1, MSG_DONTWAIT), -1);
}

TEST(Watch, EveryWord_IsAFilter) {
  TestServer server;
  const std::vector<Change> events = all_events(80);
  for (const Change& change : events) {
    server.publish(change);
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::string word(to_string(events[i].type));
    RawClient client(server.path());
    client.call("io.portwatch.Watch", {{"events", {word}}, {"recent", 50}});
    const json event = client.read().value()["parameters"]["event"];
    EXPECT_EQ(event["event"], word);
    EXPECT_EQ(event["seq"], i + 1);
  }
}

TEST(Watch, PortsFilter_KnowsThePortOfEveryEvent) {
  TestServer server;
  RawClient client = watch(server, {{"ports", {81}}});
  for (const Port port : {80, 81}) {
    for (const Change& change : all_events(port)) {
      server.publish(change);
    }
  }
  server.publish(failed_bind(0));  // an automatic port is not 81
  server.publish(change_of(ChangeType::bind, 81));
  // Of port 80's only what weakens all; of 81's all but the word without a port.
  for (const std::uint64_t seq :
       {4, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 28}) {
    EXPECT_EQ(next_seq(client), seq);
  }
}

TEST(Watch, Recent_AreTheLastThatMatchThenTheNewOnes) {
  TestServer server;
  for (const Port port : {80, 81, 80, 81, 80, 81}) {
    server.publish(change_of(ChangeType::bind, port));
  }
  RawClient client = watch(server, {{"ports", {80}}, {"recent", 2}});
  server.publish(change_of(ChangeType::bind, 80));
  EXPECT_EQ(next_seq(client), 3u);
  EXPECT_EQ(next_seq(client), 5u);
  EXPECT_EQ(next_seq(client), 7u);
}

TEST(Watch, RecentWithoutMore_IsTheLastOne) {
  TestServer server;
  server.publish(change_of(ChangeType::bind, 80));
  server.publish(change_of(ChangeType::bind, 81));
  RawClient client(server.path());
  client.call("io.portwatch.Watch", {{"recent", 50}});
  const json reply = client.read().value();
  EXPECT_EQ(reply["parameters"]["event"]["seq"], 2);
  EXPECT_FALSE(reply.contains("continues"));
}

TEST(Watch, TooManyRecent_AreBoundedByCount) {
  TestServer server;
  server.run([] {});
  for (std::size_t i = 0; i < kMaxRecent + 10; ++i) {
    server.publish(lost());
  }
  RawClient client = watch(server, {{"recent", INT64_MAX}});
  EXPECT_EQ(next_seq(client), 11u);
}

TEST(Watch, TooLargeRecent_AreBoundedByBytes) {
  ServerOptions options;
  options.max_queue_bytes = 8000;
  TestServer server(options);
  for (int i = 0; i < 100; ++i) {
    server.publish(change_of(ChangeType::bind, 80));
  }
  RawClient client = watch(server, {{"recent", 100}});
  EXPECT_GT(next_seq(client), 90u);
}

// As the live backend sends them: without holders.
Change bind_event() {
  Change change = change_of(ChangeType::bind, 80);
  change.binding->holders.reset();
  return change;
}

TEST(Watch, BurstOfEvents_LosesNoneForWhoReads) {
  constexpr std::uint64_t kEvents = 3000;
  TestServer server;
  RawClient client = watch(server, json::object());
  std::thread publisher([&] {
    server.run([&] {});
    for (std::uint64_t i = 0; i < kEvents; ++i) {
      server.publish(bind_event());
    }
  });
  std::uint64_t seq = 0;
  while (seq < kEvents && next_seq(client) == seq + 1) {
    ++seq;
  }
  publisher.join();
  EXPECT_EQ(seq, kEvents);
}

TEST(Watch, BurstInOneTurnOfTheLoop_LosesNone) {
  constexpr std::uint64_t kEvents = 3000;
  TestServer server;
  RawClient client = watch(server, json::object());
  server.publish_many(bind_event(), kEvents);
  std::uint64_t seq = 0;
  while (seq < kEvents && next_seq(client) == seq + 1) {
    ++seq;
  }
  EXPECT_EQ(seq, kEvents);
}

TEST(Watch, SlowReader_IsToldAndCutAndOthersAreNot) {
  ServerOptions options;
  options.max_queue_bytes = 64 * 1024;
  TestServer server(options);
  RawClient slow = watch(server, json::object());
  RawClient filtered = watch(server, {{"ports", {81}}});
  server.publish_many(change_of(ChangeType::bind, 80), 3000);
  server.publish(change_of(ChangeType::bind, 81));
  EXPECT_EQ(next_seq(filtered), 3001u);
  std::uint64_t seq = 0;
  json last;
  while (true) {
    last = slow.read().value_or(json());
    if (!last.is_object() || last.contains("error")) {
      break;
    }
    ASSERT_EQ(last["parameters"]["event"]["seq"], ++seq);
  }
  EXPECT_EQ(last["error"], "io.portwatch.Overloaded");
  EXPECT_FALSE(last.contains("continues"));
  EXPECT_TRUE(slow.is_cut());
  EXPECT_TRUE(eventually([&] { return server.subscribers() == 1; }));
}

TEST(Watch, PublishFromWithinAnAnswer_ReachesWatchersAndTheAskerGetsBoth) {
  TestServer server;
  RawClient watcher = watch(server, json::object());
  server.run([&] {
    server.service().while_asked = [&] {
      server.publish_on_loop(change_of(ChangeType::bind, 80));
    };
  });
  RawClient asker(server.path());
  asker.call("io.portwatch.Who", {{"port", 80}});
  EXPECT_TRUE(asker.read().value().contains("parameters"));
  EXPECT_EQ(next_seq(watcher), 1u);
}

}  // namespace
}  // namespace portwatch
