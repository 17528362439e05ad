// What a well-behaved client gets.
#include <gtest/gtest.h>

#include "tests/unit/api/sample.h"
#include "tests/unit/api/test_server.h"

namespace portwatch {
namespace {

using nlohmann::json;

json error_of(const std::optional<json>& reply) {
  return reply ? reply->value("error", json()) : json("no reply");
}

json ask(TestServer& server, const std::string& method, const json& parameters) {
  RawClient client(server.path());
  client.call(method, parameters);
  return client.read().value_or(json("no reply"));
}

void fill(TestServer& server) {
  server.service().whole.bindings = {full_binding(80), full_binding(5055),
                                     bare_binding(53)};
}

TEST(VarlinkServer, Who_NamesTheHolders) {
  TestServer server;
  fill(server);
  const json reply = ask(server, "io.portwatch.Who", {{"port", 5055}});
  EXPECT_EQ(reply.size(), 1u);  // no continues, no error
  const json& answer = reply["parameters"];
  EXPECT_EQ(answer["schema"], "portwatch/1");
  ASSERT_EQ(answer["bindings"].size(), 1u);
  EXPECT_EQ(answer["bindings"][0]["port"], 5055);
  EXPECT_EQ(answer["bindings"][0]["holders"][1]["pid"], kSamplePid + 1);
}

TEST(VarlinkServer, Who_PassesItsFiltersAndOurNamespace) {
  TestServer server;
  ask(server, "io.portwatch.Who",
      {{"port", 53}, {"protocol", "udp"}, {"netns", 4026531840u}});
  ASSERT_EQ(server.service().asked.size(), 1u);
  const Question& question = server.service().asked[0];
  EXPECT_EQ(question.port, 53);
  EXPECT_EQ(question.protocol, Protocol::udp);
  EXPECT_EQ(question.netns, 4026531840u);
  EXPECT_NE(question.own_netns, 0u);
}

TEST(VarlinkServer, List_PassesItsFilters) {
  TestServer server;
  ask(server, "io.portwatch.List",
      {{"listening", true}, {"pid", 101}, {"connected", true}, {"port", nullptr}});
  const Question& question = server.service().asked.at(0);
  EXPECT_TRUE(question.listening);
  EXPECT_TRUE(question.connected);
  EXPECT_EQ(question.pid, 101);
  EXPECT_FALSE(question.port);
}

TEST(VarlinkServer, BadPorts_AreInvalidPort) {
  TestServer server;
  for (const json& port :
       {json(0), json(65536), json(-1), json(INT64_MIN), json(UINT64_MAX)}) {
    const json reply = ask(server, "io.portwatch.Who", {{"port", port}});
    EXPECT_EQ(reply["error"], "io.portwatch.InvalidPort") << port;
    EXPECT_EQ(reply["parameters"]["port"], port);
  }
  EXPECT_EQ(ask(server, "io.portwatch.Watch", {{"ports", {80, 0}}})["error"],
            "io.portwatch.InvalidPort");
}

TEST(VarlinkServer, BadParameters_AreNamed) {
  TestServer server;
  const auto invalid = [&](const char* method, const json& parameters) {
    const json reply = ask(server, method, parameters);
    EXPECT_EQ(reply.value("error", ""), "org.varlink.service.InvalidParameter")
        << reply;
    return reply["parameters"].value("parameter", "");
  };
  EXPECT_EQ(invalid("io.portwatch.Who", json::object()), "port");
  EXPECT_EQ(invalid("io.portwatch.Who", {{"port", "80"}}), "port");
  EXPECT_EQ(invalid("io.portwatch.Who", {{"port", 80.5}}), "port");
  EXPECT_EQ(invalid("io.portwatch.Who", {{"port", 80}, {"colour", 1}}), "colour");
  EXPECT_EQ(invalid("io.portwatch.Who", {{"port", 80}, {"protocol", "xyz"}}),
            "protocol");
  EXPECT_EQ(invalid("io.portwatch.Who", {{"port", 80}, {"netns", -1}}), "netns");
  EXPECT_EQ(invalid("io.portwatch.List", {{"pid", 0}}), "pid");
  EXPECT_EQ(invalid("io.portwatch.List", {{"listening", 1}}), "listening");
  EXPECT_EQ(invalid("io.portwatch.Watch", {{"events", {"explosion"}}}), "events");
  EXPECT_EQ(invalid("io.portwatch.Watch", {{"events", "bind"}}), "events");
  EXPECT_EQ(invalid("io.portwatch.Watch", {{"ports", 80}}), "ports");
  EXPECT_EQ(invalid("io.portwatch.Watch", {{"recent", -1}}), "recent");
  EXPECT_EQ(invalid("io.portwatch.Status", {{"x", 1}}), "x");
  EXPECT_EQ(invalid("org.varlink.service.GetInfo", {{"x", 1}}), "x");
  EXPECT_EQ(invalid("org.varlink.service.GetInterfaceDescription", json::object()),
            "interface");
}

TEST(VarlinkServer, UnknownNames_GetTheStandardErrors) {
  TestServer server;
  EXPECT_EQ(ask(server, "io.portwatch.Explode", {}),
            json::parse(R"({"error":"org.varlink.service.MethodNotFound",
                            "parameters":{"method":"io.portwatch.Explode"}})"));
  EXPECT_EQ(ask(server, "io.nobody.Who", {})["parameters"]["interface"],
            "io.nobody");
  EXPECT_EQ(ask(server, "Who", {})["error"], "org.varlink.service.MethodNotFound");
  EXPECT_EQ(ask(server, "", {})["error"], "org.varlink.service.MethodNotFound");
}

TEST(VarlinkServer, ServiceErrors_KeepTheirReason) {
  TestServer server;
  const auto reply_to = [&](Errc code) {
    server.run([&] { server.service().broken = Error{code, "because"}; });
    return ask(server, "io.portwatch.Who", {{"port", 1}});
  };
  EXPECT_EQ(reply_to(Errc::not_permitted)["error"], "io.portwatch.Denied");
  EXPECT_EQ(reply_to(Errc::overloaded)["error"], "io.portwatch.Overloaded");
  EXPECT_EQ(reply_to(Errc::io)["error"], "io.portwatch.Unavailable");
  EXPECT_EQ(reply_to(Errc::io)["parameters"]["reason"], "because");
}

TEST(VarlinkServer, Status_CountsItsClients) {
  TestServer server;
  server.service().about = full_status();
  RawClient watcher(server.path());
  watcher.call("io.portwatch.Watch", json::object(), true);
  ASSERT_TRUE(eventually([&] { return server.subscribers() == 1; }));
  const json status = ask(server, "io.portwatch.Status", {})["parameters"];
  EXPECT_EQ(status["clients"], 2);
  EXPECT_EQ(status["subscribers"], 1);
  EXPECT_EQ(status["hooks"][1]["error"], "Operation not permitted");
}

TEST(VarlinkServer, GetInfo_NamesInterfacesThatCanBeDescribed) {
  TestServer server;
  const json info = ask(server, "org.varlink.service.GetInfo", {})["parameters"];
  for (const char* field : {"vendor", "product", "version", "url"}) {
    EXPECT_TRUE(info[field].is_string()) << field;
  }
  ASSERT_EQ(info["interfaces"].size(), 2u);
  for (const json& name : info["interfaces"]) {
    const json reply = ask(server, "org.varlink.service.GetInterfaceDescription",
                           {{"interface", name}});
    const std::string text = reply["parameters"]["description"];
    EXPECT_NE(text.find("interface " + name.get<std::string>()), std::string::npos);
  }
  EXPECT_EQ(ask(server, "org.varlink.service.GetInterfaceDescription",
                {{"interface", "a.b"}})["error"],
            "org.varlink.service.InterfaceNotFound");
}

TEST(VarlinkServer, PipelinedCalls_AreAnsweredInOrder) {
  TestServer server;
  fill(server);
  RawClient client(server.path());
  std::string calls;
  for (int i = 1; i <= 500; ++i) {
    calls += R"({"method":"io.portwatch.Nr)" + std::to_string(i) + "\"}" + '\0';
  }
  ASSERT_TRUE(client.send(calls));
  for (int i = 1; i <= 500; ++i) {
    ASSERT_EQ(client.read().value()["parameters"]["method"],
              "io.portwatch.Nr" + std::to_string(i));
  }
}

TEST(VarlinkServer, Oneway_GetsNoReply) {
  TestServer server;
  RawClient client(server.path());
  client.call(R"({"method":"io.portwatch.Status","oneway":true})");
  client.call(R"({"method":"io.portwatch.Watch","oneway":true,"more":true})");
  client.call("io.portwatch.Explode", {});
  EXPECT_EQ(error_of(client.read()), "org.varlink.service.MethodNotFound");
}

TEST(VarlinkServer, HalfClosedClient_StillGetsItsReplies) {
  TestServer server;
  fill(server);
  RawClient client(server.path());
  client.call("io.portwatch.List", json::object());
  client.call("io.portwatch.Who", {{"port", 80}});
  client.half_close();
  EXPECT_EQ(client.read().value()["parameters"]["bindings"].size(), 3u);
  EXPECT_EQ(client.read().value()["parameters"]["bindings"].size(), 1u);
  EXPECT_TRUE(client.is_cut());
}

TEST(VarlinkServer, AnswerLargerThanEveryBuffer_ArrivesWhole) {
  ServerOptions options;
  options.max_queue_bytes = 1024;  // for events; an answer may be larger
  TestServer server(options);
  for (int i = 0; i < 1000; ++i) {
    server.service().whole.bindings.push_back(full_binding(80));
  }
  const json reply = ask(server, "io.portwatch.List", json::object());
  EXPECT_EQ(reply["parameters"]["bindings"].size(), 1000u);
}

TEST(VarlinkServer, ClientThatLeaves_IsForgotten) {
  TestServer server;
  {
    RawClient client(server.path());
    client.call("io.portwatch.Watch", json::object(), true);
    ASSERT_TRUE(eventually([&] { return server.subscribers() == 1; }));
  }
  EXPECT_TRUE(eventually([&] { return server.clients() == 0; }));
  EXPECT_EQ(server.subscribers(), 0u);
}

TEST(VarlinkServer, DescriptorThatIsNoListener_IsRefused) {
  const auto loop = std::move(EventLoop::make()).value();
  FakeService service;
  const EventLog log(1);
  EXPECT_FALSE(VarlinkServer::make(*loop, service, log, UniqueFd(dup(0))).ok());
}

}  // namespace
}  // namespace portwatch
