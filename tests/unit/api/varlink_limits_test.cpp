// Rude clients: each is refused or cut, and a good one is served meanwhile.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <ctime>

#include "tests/unit/api/sample.h"
#include "tests/unit/api/test_server.h"
#include "userspace/api/socket_address.h"

namespace portwatch {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

const json kBadMessage = json::parse(
    R"({"error":"org.varlink.service.InvalidParameter",
        "parameters":{"parameter":"message"}})");

// Generous: a sanitizer build on a busy machine is to pass.
constexpr milliseconds kDeadline{10000};

void expect_served(TestServer& server) {
  const auto start = steady_clock::now();
  RawClient good(server.path());
  good.call("io.portwatch.Who", {{"port", 80}});
  EXPECT_TRUE(good.read().value_or(json()).contains("parameters"));
  EXPECT_LT(steady_clock::now() - start, kDeadline);
}

void expect_refused(TestServer& server, std::string_view bytes) {
  RawClient client(server.path());
  client.send(bytes);  // may fail: cut in the middle
  EXPECT_EQ(client.read(), kBadMessage);
  EXPECT_TRUE(client.is_cut());
  expect_served(server);
}

ServerOptions impatient() {
  ServerOptions options;
  options.message_timeout = milliseconds(50);
  return options;
}

TEST(VarlinkLimits, Rubbish_IsToldAndCut) {
  TestServer server;
  using namespace std::string_view_literals;
  expect_refused(server, "hello\0"sv);
  expect_refused(server, "\0"sv);
  expect_refused(server, "GET / HTTP/1.1\r\n\r\n\0"sv);
  expect_refused(server, "{\"method\":\"io.portwatch.\xFF\"}\0"sv);
  expect_refused(server, std::string(100000, '['));
  expect_refused(server, std::string(30000, '[') + '\0');
  expect_refused(server, R"({"method":"a.B","parameters":{"a":)" +
                             std::string(30000, '[') + std::string(30000, ']') +
                             "}}" + '\0');
}

TEST(VarlinkLimits, WrongTypeInTheCall_IsToldAndCut) {
  TestServer server;
  RawClient client(server.path());
  client.call(R"({"method":7})");
  EXPECT_EQ(client.read().value()["parameters"]["parameter"], "method");
  EXPECT_TRUE(client.is_cut());
}

TEST(VarlinkLimits, HundredMegabytesWithoutNul_AreCutEarly) {
  TestServer server;
  RawClient client(server.path());
  const std::string chunk(1024 * 1024, 'x');
  int sent = 0;
  while (sent < 100 && client.send(chunk)) {
    ++sent;
  }
  EXPECT_LT(sent, 10);
  EXPECT_EQ(client.read(), kBadMessage);
  EXPECT_TRUE(client.is_cut());
  expect_served(server);
}

TEST(VarlinkLimits, LongestRequest_IsTakenAndOneMoreIsNot) {
  ServerOptions options;
  options.max_request_bytes = 1000;
  TestServer server(options);
  const auto padded = [](std::size_t size) {
    const std::string call = R"({"method":"io.portwatch.Status"})";
    return call + std::string(size - call.size(), ' ') + '\0';
  };
  RawClient client(server.path());
  client.send(padded(1000) + padded(1000));
  EXPECT_TRUE(client.read().value().contains("parameters"));
  EXPECT_TRUE(client.read().value().contains("parameters"));
  client.send(padded(1001));
  EXPECT_EQ(client.read(), kBadMessage);
}

TEST(VarlinkLimits, LongRequestBehindAGoodOne_IsCutAfterTheAnswer) {
  ServerOptions options;
  options.max_request_bytes = 1000;
  TestServer server(options);
  RawClient client(server.path());
  client.send(R"({"method":"io.portwatch.Status"})" + std::string(1, '\0') +
              std::string(2000, 'x'));
  EXPECT_TRUE(client.read().value().contains("parameters"));
  EXPECT_EQ(client.read(), kBadMessage);
  EXPECT_TRUE(client.is_cut());
}

TEST(VarlinkLimits, HalfAMessageThenSilence_IsCutAfterTheTimeout) {
  TestServer server(impatient());
  RawClient client(server.path());
  client.send(R"({"method":)");
  EXPECT_EQ(client.read(), kBadMessage);
  EXPECT_TRUE(client.is_cut());
  expect_served(server);
}

TEST(VarlinkLimits, OneByteNowAndThen_DoesNotPutTheTimeoutOff) {
  TestServer server(impatient());
  RawClient client(server.path());
  const auto start = steady_clock::now();
  while (client.send("x") && steady_clock::now() - start < milliseconds(5000)) {
  }
  EXPECT_LT(steady_clock::now() - start, milliseconds(5000));
}

TEST(VarlinkLimits, IdleClientAndWatcher_HaveNoTimeout) {
  TestServer server(impatient());
  RawClient idle(server.path());
  idle.call("io.portwatch.Status", json::object());
  EXPECT_TRUE(idle.read().has_value());
  RawClient watcher(server.path());
  watcher.call("io.portwatch.Watch", json::object(), true);
  RawClient rude(server.path());
  rude.send("x");
  EXPECT_EQ(rude.read(), kBadMessage);  // its timeout has passed, so theirs too
  idle.call("io.portwatch.Status", json::object());
  EXPECT_TRUE(idle.read().has_value());
  EXPECT_EQ(server.subscribers(), 1u);
}

TEST(VarlinkLimits, HalfReadAnswer_IsCutAfterTheTimeout) {
  TestServer server(impatient());
  server.service().whole.bindings.assign(2000, full_binding(80));
  RawClient lazy(server.path());
  lazy.call("io.portwatch.List", json::object());
  char byte = 0;
  ASSERT_EQ(recv(lazy.fd(), &byte, 1, 0), 1);  // it is being answered
  EXPECT_TRUE(eventually([&] { return server.clients() == 0; }));
}

TEST(VarlinkLimits, UnreadAnswers_AreBoundedInTotal) {
  ServerOptions options;
  options.max_total_bytes = 20 * 1024 * 1024;
  TestServer server(options);
  server.service().whole.bindings.assign(3000, full_binding(80));  // ~5 MB
  std::vector<std::unique_ptr<RawClient>> lazy;
  for (int i = 0; i < 20; ++i) {
    lazy.push_back(std::make_unique<RawClient>(server.path()));
    lazy.back()->call("io.portwatch.List", json::object());
  }
  EXPECT_TRUE(eventually([&] { return server.clients() < 6; }));
  RawClient good(server.path());
  good.call("io.portwatch.List", json::object());
  EXPECT_EQ(good.read().value()["parameters"]["bindings"].size(), 3000u);
}

TEST(VarlinkLimits, ThousandClientsThatNeverRead_DoNotKeepOthersOut) {
  ServerOptions options;
  options.max_clients = 256;
  TestServer server(options);
  std::string calls;  // their answers fill every buffer on the way back
  for (int i = 0; i < 60; ++i) {
    calls += R"({"method":"org.varlink.service.GetInterfaceDescription",)"
             R"("parameters":{"interface":"io.portwatch"}})";
    calls += '\0';
  }
  std::vector<std::unique_ptr<RawClient>> rude;
  for (int i = 0; i < 1000; ++i) {
    if (rude.size() >= 400) {  // this process has descriptors for no more
      rude.erase(rude.begin());
    }
    rude.push_back(std::make_unique<RawClient>(server.path()));
    rude.back()->send(calls);
  }
  expect_served(server);
  EXPECT_LE(server.clients(), 256u);
}

TEST(VarlinkLimits, TooManyClients_LongestIdleIsToldAndGoes) {
  ServerOptions options;
  options.max_clients = 3;
  TestServer server(options);
  RawClient watcher(server.path());
  watcher.call("io.portwatch.Watch", json::object(), true);
  ASSERT_TRUE(eventually([&] { return server.subscribers() == 1; }));
  RawClient first(server.path());
  RawClient second(server.path());
  ASSERT_TRUE(eventually([&] { return server.clients() == 3; }));
  first.call("io.portwatch.Status", json::object());
  EXPECT_TRUE(first.read().has_value());  // so that second is the longest idle
  RawClient third(server.path());
  EXPECT_EQ(second.read().value()["error"], "io.portwatch.Overloaded");
  EXPECT_TRUE(second.is_cut());
  third.call("io.portwatch.Status", json::object());
  EXPECT_EQ(third.read().value()["parameters"]["clients"], 3);
  EXPECT_EQ(server.subscribers(), 1u);
}

TEST(VarlinkLimits, OnlyWatchers_OldestIsToldAndGoes) {
  ServerOptions options;
  options.max_clients = 2;
  TestServer server(options);
  RawClient first(server.path());
  first.call("io.portwatch.Watch", json::object(), true);
  ASSERT_TRUE(eventually([&] { return server.subscribers() == 1; }));
  RawClient second(server.path());
  second.call("io.portwatch.Watch", json::object(), true);
  ASSERT_TRUE(eventually([&] { return server.subscribers() == 2; }));
  RawClient third(server.path());
  EXPECT_EQ(first.read().value()["error"], "io.portwatch.Overloaded");
  EXPECT_TRUE(first.is_cut());
  third.call("io.portwatch.Status", json::object());
  EXPECT_EQ(third.read().value()["parameters"]["subscribers"], 1);
}

TEST(VarlinkLimits, UidWithMostClients_MakesRoomForAnother) {
  if (geteuid() != 0) {
    // CI is root, and fails where anything is skipped.
    GTEST_SKIP() << "needs root to connect as another user";
  }
  ServerOptions options;
  options.max_clients = 3;
  TestServer server(options);
  RawClient oldest(server.path(), 1111);
  ASSERT_TRUE(eventually([&] { return server.clients() == 1; }));
  RawClient greedy(server.path(), 2222);
  ASSERT_TRUE(eventually([&] { return server.clients() == 2; }));
  RawClient greedy_too(server.path(), 2222);
  RawClient newcomer(server.path(), 3333);
  EXPECT_EQ(greedy.read().value()["error"], "io.portwatch.Overloaded");
  for (RawClient* client : {&oldest, &greedy_too, &newcomer}) {
    client->call("io.portwatch.Status", json::object());
    EXPECT_TRUE(client->read().has_value());
  }
}

TEST(VarlinkLimits, OneThousandPipelinedCalls_LetOthersIn) {
  TestServer server;
  RawClient greedy(server.path());
  std::string calls;
  for (int i = 0; i < 1500; ++i) {
    calls += R"({"method":"io.portwatch.Status"})" + std::string(1, '\0');
  }
  std::size_t done = 0;
  server.service().while_asked = [&] { done = server.service().statuses; };
  RawClient good(server.path());
  server.run([&] {  // the loop finds both requests at once
    greedy.send(calls);
    good.call("io.portwatch.Who", {{"port", 80}});
  });
  ASSERT_TRUE(good.read().has_value());
  EXPECT_LT(done, 10u);
  for (int i = 0; i < 1500; ++i) {
    ASSERT_TRUE(greedy.read().has_value());
  }
}

TEST(VarlinkLimits, NoDescriptorsLeft_DoesNotSpin) {
  TestServer server;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  RawClient first(server.path());
  ASSERT_TRUE(eventually([&] { return server.clients() == 1; }));
  const UniqueFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = unix_address(server.path());
  const rlimit none{static_cast<rlim_t>(client.get() + 1), before.rlim_max};
  std::vector<UniqueFd> all;  // every number below the limit is taken
  while (all.empty() || all.back().get() < client.get()) {
    all.emplace_back(dup(0));
  }
  setrlimit(RLIMIT_NOFILE, &none);
  ASSERT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&*address),
                    sizeof *address),
            0);
  // Room is made: the first client goes, and the second gets in after a pause.
  EXPECT_EQ(first.read().value_or(json())["error"], "io.portwatch.Overloaded");
  const std::clock_t start = std::clock();
  std::string call = R"({"method":"io.portwatch.Status"})";
  call += '\0';
  EXPECT_EQ(send(client.get(), call.data(), call.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(call.size()));
  char byte = 0;
  EXPECT_EQ(recv(client.get(), &byte, 1, 0), 1);
  EXPECT_LT(std::clock() - start, CLOCKS_PER_SEC / 20);
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace portwatch
