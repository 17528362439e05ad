// What Docker 20.10.24 and Podman 4.3.1 sent, and what nobody should send.
#include "userspace/source/container_runtime.h"

#include <gtest/gtest.h>

namespace portwatch {
namespace {

constexpr std::string_view kDocker =
    R"([{"Id":"d9d4252c84280962252ea370ea41efae309ba10f829f31b82850b157ea3612e6",)"
    R"("Names":["/db/shop","/shop"],"Image":"bb:1","ImageID":"sha256:7ced3dd2",)"
    R"("Command":"/bin/busybox httpd -f -p 80 -h /www","Created":1795263677,)"
    R"("Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8081,"Type":"tcp"},)"
    R"({"IP":"::","PrivatePort":80,"PublicPort":8081,"Type":"tcp"},)"
    R"({"PrivatePort":443,"Type":"tcp"},)"
    R"({"IP":"0.0.0.0","PrivatePort":53,"PublicPort":5353,"Type":"udp"}],)"
    R"("Labels":{},"State":"running","Status":"Up 1 second",)"
    R"("HostConfig":{"NetworkMode":"default"},"NetworkSettings":{"Networks":)"
    R"({"bridge":{"IPAMConfig":null,"Links":null,"Aliases":null,"Gateway":)"
    R"("172.29.0.1","IPAddress":"172.29.0.2","IPPrefixLen":24,"IPv6Gateway":"",)"
    R"("GlobalIPv6Address":"FD00:0::0:2","MacAddress":"02:42:ac:1d:00:02",)"
    R"("DriverOpts":null}}},"Mounts":[]}])";
constexpr std::string_view kPodman =
    R"([{"Id":"72d78f4f2cae69912ecfd9a52b6335c37586bfcc93cbcce8dffc2d2cff715083",)"
    R"("Names":["/web"],"Image":"","ImageID":"sha256:","Command":"httpd",)"
    R"("Created":1795262808,"Ports":[{"PrivatePort":80,"PublicPort":8080,"Type":)"
    R"("tcp"}],"Labels":{},"State":"running","Status":"Up 20 seconds",)"
    R"("NetworkSettings":{"Networks":{"podman":{"IPAMConfig":null,"Gateway":)"
    R"("10.88.0.1","IPAddress":"10.88.0.6","GlobalIPv6Address":""}}},"Mounts":[],)"
    R"("Name":"","Config":null,"NetworkingConfig":null,"Platform":null}])";

const std::string kId(64, 'a');

Endpoint at(Port port, Protocol protocol = Protocol::tcp) {
  Endpoint endpoint;
  endpoint.port = port;
  endpoint.protocol = protocol;
  return endpoint;
}

// The only container of a list that has one entry with these further members.
std::optional<RuntimeContainer> with(const std::string& members) {
  const auto all = parse_containers(R"([{"Id":")" + kId + "\"," + members + "}]");
  EXPECT_TRUE(all) << members;
  return all && all->size() == 1 ? std::optional(all->front()) : std::nullopt;
}

TEST(ParseContainers, Docker_NameWithoutLinksAddressesPorts) {
  const auto all = parse_containers(kDocker);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 1u);
  const RuntimeContainer& one = all->front();
  EXPECT_EQ(one.id.substr(0, 12), "d9d4252c8428");
  EXPECT_EQ(one.name, "shop");
  EXPECT_EQ(one.addresses, (std::vector<std::string>{"172.29.0.2", "fd00::2"}));
  EXPECT_EQ(port_inside(one, at(8081)), Port{80});
  EXPECT_EQ(port_inside(one, at(8081, Protocol::mptcp)), Port{80});
  EXPECT_EQ(port_inside(one, at(5353, Protocol::udp)), Port{53});
  EXPECT_FALSE(port_inside(one, at(5353)));
  EXPECT_FALSE(port_inside(one, at(443)));
}

TEST(ParseContainers, Podman_IsTheSame) {
  const auto all = parse_containers(kPodman);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->front().name, "web");
  EXPECT_EQ(all->front().addresses, std::vector<std::string>{"10.88.0.6"});
  EXPECT_EQ(port_inside(all->front(), at(8080)), Port{80});
}

TEST(ParseContainers, NoList_IsAnError) {
  for (const char* const text :
       {"", "{}", "null", "17", R"({"message":"no"})", "[", "[}", "\xff\xfe"}) {
    const auto all = parse_containers(text);
    ASSERT_FALSE(all) << text;
    EXPECT_EQ(all.error().code, Errc::invalid);
  }
}

TEST(ParseContainers, EntriesWithoutAnId_AreLeftOut) {
  const auto all =
      parse_containers(R"([1, null, [], {}, {"Id":7}, {"Id":"short"}, {"Id":")" +
                       std::string(64, 'G') + R"("}, {"Id":")" + kId + R"("}])");
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->front().id, kId);
  EXPECT_FALSE(all->front().name);
}

TEST(ParseContainers, WrongTypesWithin_AreUnknown) {
  for (const char* const members :
       {R"("Names":"web")", R"("Names":[])", R"("Names":[7,null,"","/","/a/b"])",
        R"("NetworkSettings":7)", R"("NetworkSettings":{"Networks":[{}]})",
        R"("NetworkSettings":{"Networks":{"a":null,"b":{"IPAddress":9}}})",
        R"("NetworkSettings":{"Networks":{"a":{"IPAddress":"10.0.0.256"}}})",
        R"("Ports":{})", R"("Ports":[7,{"PublicPort":80}])",
        R"("Ports":[{"PublicPort":65536,"PrivatePort":80,"Type":"tcp"}])",
        R"("Ports":[{"PublicPort":-1,"PrivatePort":80,"Type":"tcp"}])",
        R"("Ports":[{"PublicPort":80.5,"PrivatePort":80,"Type":"tcp"}])"}) {
    const auto one = with(members);
    ASSERT_TRUE(one) << members;
    EXPECT_FALSE(one->name) << members;
    EXPECT_TRUE(one->addresses.empty()) << members;
    EXPECT_TRUE(one->ports.empty()) << members;
  }
}

TEST(ParseContainers, TooLongAName_IsNone) {
  EXPECT_TRUE(with(R"("Names":["/)" + std::string(255, 'x') + "\"]")->name);
  EXPECT_FALSE(with(R"("Names":["/)" + std::string(256, 'x') + "\"]")->name);
}

TEST(ParseContainers, TooMany_AreCutOff) {
  std::string text = "[";
  for (int i = 0; i < 10001; ++i) {
    text += (i == 0 ? R"({"Id":")" : R"(,{"Id":")") + kId + "\"}";
  }
  const auto all = parse_containers(text + "]");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 10000u);
}

TEST(ParseContainers, DeepNesting_DoesNotOverflow) {
  const std::string deep(1 << 20, '[');
  EXPECT_FALSE(parse_containers(deep));
  const auto closed = parse_containers(deep + std::string(1 << 20, ']'));
  ASSERT_TRUE(closed);
  EXPECT_TRUE(closed->empty());
}

}  // namespace
}  // namespace portwatch
