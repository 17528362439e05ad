#include "userspace/api/varlink_client.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/api/sample.h"
#include "tests/unit/api/test_server.h"
#include "userspace/api/socket_address.h"

namespace portwatch {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatient{10000};

VarlinkClient connected(const std::string& path, milliseconds timeout = kPatient) {
  auto client = VarlinkClient::connect(path, timeout);
  EXPECT_TRUE(client.ok()) << (client ? "" : client.error().context);
  return std::move(client).value();
}

Question port(Port number) {
  Question question;
  question.port = number;
  return question;
}

// A server that sends `answer` to its only client whatever it asks, and then
// closes, or stays silent until the test is over.
class HostileServer {
 public:
  explicit HostileServer(std::string answer, bool closes = true, int times = 1)
      : path_(dir_ / "s"),
        listener_(std::move(VarlinkServer::listen_at(path_)).value()),
        thread_([this, answer = std::move(answer), closes, times] {
          serve(answer, closes, times);
        }) {}
  ~HostileServer() { thread_.join(); }

  // What the client makes of it.
  Error error(milliseconds timeout = kPatient) {
    VarlinkClient client = connected(path_, timeout);
    const Result<Answer> answer = client.ask(port(80));
    EXPECT_FALSE(answer.ok());
    // Whatever happened, the connection is of no more use.
    EXPECT_EQ(client.ask(port(80)).error().code, Errc::closed);
    return answer ? Error{} : answer.error();
  }
  const std::string& path() const { return path_; }

 private:
  void serve(const std::string& answer, bool closes, int times) {
    pollfd ready{listener_.get(), POLLIN, 0};
    poll(&ready, 1, 10000);
    const UniqueFd client(accept(listener_.get(), nullptr, nullptr));
    char bytes[4096];
    recv(client.get(), bytes, sizeof bytes, 0);
    for (int i = 0; i < times; ++i) {
      if (::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
        return;
      }
    }
    while (!closes && recv(client.get(), bytes, sizeof bytes, 0) > 0) {
    }
  }

  TempDir dir_;
  std::string path_;
  UniqueFd listener_;
  std::thread thread_;
};

std::string with_nul(std::string text) { return text + '\0'; }

TEST(VarlinkClient, Who_ComesBackAsTheServiceSaidIt) {
  TestServer server;
  server.service().whole.bindings = {full_binding(80, geteuid()), full_binding(81)};
  server.service().whole.miss({"holders", "some: hidden"});
  VarlinkClient client = connected(server.path());
  for (int i = 0; i < 3; ++i) {  // one connection serves several questions
    const Result<Answer> answer = client.ask(port(80));
    ASSERT_TRUE(answer.ok()) << answer.error().context;
    ASSERT_EQ(answer->bindings.size(), 1u);
    EXPECT_EQ(answer->bindings[0], full_binding(80, geteuid()));
    EXPECT_EQ(answer->missing, server.service().whole.missing);
    EXPECT_EQ(answer->confidence, Confidence::partial);
  }
}

TEST(VarlinkClient, EveryFilter_ReachesTheService) {
  TestServer server;
  VarlinkClient client = connected(server.path());
  Question question = port(80);
  question.protocol = Protocol::udp;
  question.pid = 7;
  question.netns = 4026531840u;
  question.listening = true;
  EXPECT_TRUE(client.ask(question).ok());
  question.port.reset();
  question.connected = true;
  EXPECT_TRUE(client.ask(question).ok());
  const auto& asked = server.service().asked;
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0].port, 80);
  EXPECT_EQ(asked[0].protocol, Protocol::udp);
  EXPECT_EQ(asked[0].pid, 7);
  EXPECT_EQ(asked[0].netns, 4026531840u);
  EXPECT_TRUE(asked[0].listening);
  EXPECT_FALSE(asked[1].port);
  EXPECT_TRUE(asked[1].connected);
}

TEST(VarlinkClient, LargeAnswer_ArrivesWhole) {
  TestServer server;
  server.service().whole.bindings.assign(5000, full_binding(80, geteuid()));
  const Result<Answer> answer = connected(server.path()).ask({});
  ASSERT_TRUE(answer.ok()) << answer.error().context;
  EXPECT_EQ(answer->bindings, server.service().whole.bindings);
}

TEST(VarlinkClient, Status_ComesBack) {
  TestServer server;
  server.service().about = full_status();
  const Result<Status> status = connected(server.path()).status();
  ASSERT_TRUE(status.ok()) << status.error().context;
  Status expected = full_status();
  expected.clients = 1;
  expected.subscribers = 0;
  EXPECT_EQ(*status, expected);
}

TEST(VarlinkClient, ServiceErrors_KeepTheirKindAndReason) {
  TestServer server;
  VarlinkClient client = connected(server.path());
  for (const Errc code :
       {Errc::not_permitted, Errc::overloaded, Errc::unavailable}) {
    server.run([&] { server.service().broken = Error{code, "because"}; });
    const Result<Answer> answer = client.ask(port(80));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, code);
    EXPECT_EQ(answer.error().context, code == Errc::unavailable
                                          ? "portwatchd cannot answer: because"
                                          : "portwatchd refuses: because");
  }
  EXPECT_EQ(client.ask(port(0)).error().code, Errc::invalid);
}

TEST(VarlinkClient, Watch_DeliversUntilToldToStop) {
  TestServer server;
  for (const Port number : {80, 81, 80}) {
    server.publish(change_of(ChangeType::bind, number));
  }
  std::vector<std::uint64_t> seen;
  VarlinkClient client = connected(server.path());
  const auto done = client.watch(
      {{ChangeType::bind}, {80}, 10}, kPatient, [&](const Change& change) {
        seen.push_back(change.seq);
        if (seen.size() == 2) {
          std::thread([&] {
            server.publish(change_of(ChangeType::release, 80));
            server.publish(change_of(ChangeType::bind, 80));
          }).join();
        }
        return seen.size() < 3;
      });
  EXPECT_TRUE(done.ok()) << done.error().context;
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 3, 5}));
  EXPECT_TRUE(eventually([&] { return server.clients() == 0; }));
}

TEST(VarlinkClient, WatchDeadline_IsTimedOut) {
  TestServer server;
  const auto done =
      connected(server.path()).watch({}, milliseconds(30), [](const Change&) {
        return true;
      });
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Errc::timed_out);
}

TEST(VarlinkClient, DaemonThatGoes_IsClosed) {
  auto server = std::make_unique<TestServer>();
  VarlinkClient client = connected(server->path());
  EXPECT_TRUE(client.status().ok() || true);
  server.reset();
  EXPECT_EQ(client.ask(port(80)).error().code, Errc::closed);
}

TEST(VarlinkClient, SlowWatcher_IsToldWhy) {
  ServerOptions options;
  options.max_queue_bytes = 64 * 1024;
  TestServer server(options);
  server.publish(change_of(ChangeType::bind, 80));
  bool first = true;
  const auto done =
      connected(server.path()).watch({{}, {}, 1}, kPatient, [&](const Change&) {
        if (std::exchange(first, false)) {
          server.publish_many(change_of(ChangeType::bind, 80), 3000);
        }
        return true;
      });
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Errc::overloaded);
}

TEST(VarlinkClient, EventOfALaterVersion_IsPassedOver) {
  const std::string bind = with_nul(
      R"({"continues":true,"parameters":{"event":{"schema":"portwatch/1","seq":2,
          "time":"2026-11-21T04:43:17.000123Z","event":"eventsLost","count":4}}})");
  const std::string later = with_nul(
      R"({"continues":true,"parameters":{"event":{"schema":"portwatch/1","seq":1,
          "time":"2026-11-21T04:43:17.000123Z","event":"explosion"}}})");
  HostileServer server(later + bind);
  std::vector<std::uint64_t> seen;
  const auto done =
      connected(server.path()).watch({}, kPatient, [&](const Change& c) {
        seen.push_back(c.seq);
        return false;
      });
  EXPECT_TRUE(done.ok());
  EXPECT_EQ(seen, std::vector<std::uint64_t>{2});
}

TEST(VarlinkClient, NoSocket_IsNotFound) {
  const TempDir dir;
  EXPECT_EQ(VarlinkClient::connect(dir / "s", kPatient).error().code,
            Errc::not_found);
}

TEST(VarlinkClient, WhatIsNoSocket_IsInvalid) {
  const TempDir dir;
  std::ofstream(dir / "s") << "text";
  EXPECT_EQ(VarlinkClient::connect(dir / "s", kPatient).error().code,
            Errc::invalid);
  EXPECT_EQ(VarlinkClient::connect(dir / "", kPatient).error().code, Errc::invalid);
  EXPECT_EQ(
      VarlinkClient::connect("/" + std::string(200, 'x'), kPatient).error().code,
      Errc::invalid);
}

TEST(VarlinkClient, StaleSocket_IsClosed) {
  const TempDir dir;
  { const auto gone = VarlinkServer::listen_at(dir / "s"); }
  EXPECT_EQ(VarlinkClient::connect(dir / "s", kPatient).error().code, Errc::closed);
}

TEST(VarlinkClient, SocketWithoutRights_IsNotPermitted) {
  if (geteuid() != 0) {
    // CI is root, and fails where anything is skipped.
    GTEST_SKIP() << "needs root to become another user";
  }
  const TempDir dir;
  const auto listener = VarlinkServer::listen_at(dir / "s");
  std::filesystem::permissions(dir / "s", std::filesystem::perms::owner_all);
  const uid_t keep = static_cast<uid_t>(-1);
  ASSERT_EQ(syscall(SYS_setresuid, keep, 12345, keep), 0);
  const auto client = VarlinkClient::connect(dir / "s", kPatient);
  ASSERT_EQ(syscall(SYS_setresuid, keep, 0, keep), 0);
  EXPECT_EQ(client.error().code, Errc::not_permitted);
}

TEST(VarlinkClient, FullBacklog_IsTimedOut) {
  const TempDir dir;
  const auto listener = VarlinkServer::listen_at(dir / "s");
  ASSERT_EQ(listen(listener->get(), 0), 0);
  const VarlinkClient first = connected(dir / "s");
  EXPECT_EQ(VarlinkClient::connect(dir / "s", milliseconds(30)).error().code,
            Errc::timed_out);
}

TEST(VarlinkClient, Silence_IsTimedOut) {
  EXPECT_EQ(HostileServer("", false).error(milliseconds(50)).code, Errc::timed_out);
}

TEST(VarlinkClient, HalfAMessageAndSilence_IsTimedOut) {
  EXPECT_EQ(HostileServer("{\"param", false).error(milliseconds(50)).code,
            Errc::timed_out);
}

TEST(VarlinkClient, HalfAMessageAndTheEnd_IsClosed) {
  const Error error = HostileServer("{\"param").error();
  EXPECT_EQ(error.code, Errc::closed);
  EXPECT_EQ(error.context, "portwatchd closed in the middle of a reply");
}

TEST(VarlinkClient, RubbishAndWrongTypes_AreInvalid) {
  for (const char* text :
       {"hello", "", "[]", "{\"parameters\":3}", "{\"parameters\":{}}", "{}",
        "{\"error\":7}", "{\"parameters\":{},\"continues\":true}",
        "{\"parameters\":{\"source\":\"ebpf\",\"confidence\":\"exact\","
        "\"missing\":[],\"bindings\":[{}]}}",
        "{\"parameters\":{\"\xFF\":1}}"}) {
    EXPECT_EQ(HostileServer(with_nul(text)).error().code, Errc::invalid) << text;
  }
  EXPECT_EQ(HostileServer(with_nul(std::string(100000, '['))).error().code,
            Errc::invalid);
}

TEST(VarlinkClient, AnswerThatNobodyAskedFor_IsInvalid) {
  const std::string good = with_nul(
      R"({"parameters":{"source":"ebpf","confidence":"exact","missing":[],
          "bindings":[]}})");
  HostileServer server(good + good, false);
  VarlinkClient client = connected(server.path());
  EXPECT_TRUE(client.ask(port(80)).ok());
  EXPECT_EQ(client.ask(port(80)).error().code, Errc::invalid);
}

TEST(VarlinkClient, NeverEndingAnswer_StopsAtTheLimit) {
  const Error error = HostileServer(std::string(1 << 20, 'x'), true, 300)
                          .error(milliseconds(60000));
  EXPECT_EQ(error.code, Errc::invalid);
  EXPECT_EQ(error.context, "the reply is longer than 256 MB");
}

TEST(VarlinkClient, SlowNeverEndingAnswer_StopsAtTheDeadline) {
  const Error error = HostileServer("x", true, 1 << 28).error(milliseconds(100));
  EXPECT_EQ(error.code, Errc::timed_out);
}

}  // namespace
}  // namespace portwatch
