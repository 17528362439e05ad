// Arguments as the programs had them: docker-proxy of Docker 20.10, conmon of
// Podman 4.3, the others as their manuals and Podman's sources show them.
#include "userspace/source/published_port.h"

#include <gtest/gtest.h>

#include <sstream>

namespace portwatch {
namespace {

const std::string kPodmanId =
    "72d78f4f2cae69912ecfd9a52b6335c37586bfcc93cbcce8dffc2d2cff715083";

Endpoint on_port(Port port, Protocol protocol = Protocol::tcp) {
  Endpoint endpoint;
  endpoint.port = port;
  endpoint.protocol = protocol;
  return endpoint;
}

std::optional<PublishedPort> read(const std::string& line,
                                  const Endpoint& endpoint = on_port(8080)) {
  std::istringstream words(line);
  std::vector<std::string> arguments;
  for (std::string word; words >> word;) {
    arguments.push_back(word);
  }
  return published_port(arguments, endpoint);
}

PublishedPort behind(std::optional<std::string> address, std::optional<Port> port) {
  PublishedPort published;
  published.address = std::move(address);
  published.port = port;
  return published;
}

TEST(PublishedPort, DockerProxy_AddressAndPort) {
  EXPECT_EQ(read("/usr/sbin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port "
                 "8080 -container-ip 172.17.0.2 -container-port 80"),
            behind("172.17.0.2", 80));
  EXPECT_EQ(read("/usr/bin/docker-proxy --proto=tcp --host-ip=:: "
                 "--host-port=8080 --container-ip=fd00:0:0::2 "
                 "--container-port=443 -use-listen-fd"),
            behind("fd00::2", 443));
}

TEST(PublishedPort, DockerProxyWithOddValues_WhatIsWrongIsUnknown) {
  EXPECT_EQ(read("docker-proxy"), behind({}, {}));
  EXPECT_EQ(read("docker-proxy -container-ip"), behind({}, {}));
  EXPECT_EQ(read("docker-proxy -container-ip web -container-port 70000"),
            behind({}, {}));
  EXPECT_EQ(read("docker-proxy -container-port -1 -container-ip 1.2.3.4"),
            behind("1.2.3.4", {}));
  EXPECT_EQ(read("docker-proxy -container-ipx 1.2.3.4 -container-port= -"),
            behind({}, {}));
}

TEST(PublishedPort, DockerProxysOtherSockets_AreNotThePublishedOne) {
  EXPECT_FALSE(read("docker-proxy -host-port 8080 -container-ip 172.17.0.2",
                    on_port(40000)));
}

TEST(PublishedPort, ConmonOfPodman_ContainerAndName) {
  const auto published = read(
      "/usr/bin/conmon --api-version 1 -c " + kPodmanId + " -u " + kPodmanId +
      " -r /usr/bin/crun -b /x/userdata -p /x/pidfile -n web --exit-dir "
      "/run/libpod/exits --exit-command /usr/bin/podman --exit-command-arg -n");
  ASSERT_TRUE(published);
  EXPECT_EQ(published->container, "podman:72d78f4f2cae");
  EXPECT_EQ(published->container_name, "web");
  EXPECT_FALSE(published->address);
  EXPECT_FALSE(published->port);
}

TEST(PublishedPort, ConmonOfCriO_IsNotPodmans) {
  const auto published = read("conmon --cid=" + kPodmanId +
                              " --name k8s_web_0 --exit-dir /var/run/crio/exits");
  ASSERT_TRUE(published);
  EXPECT_EQ(published->container, "crio:72d78f4f2cae");
  EXPECT_EQ(published->container_name, "k8s_web_0");
}

TEST(PublishedPort, ConmonOfNobodyKnown_ContainerIsUnknown) {
  EXPECT_FALSE(read("conmon -c " + kPodmanId + " -n web")->container);
  EXPECT_FALSE(
      read("conmon -c 72d7 -n web --exit-command /usr/bin/podman")->container);
  EXPECT_EQ(read("conmon -n web")->container_name, "web");
}

TEST(PublishedPort, Pasta_PortInside) {
  const std::string options =
      "/usr/bin/pasta --config-net -t 127.0.0.1/8080-8089:80-89,9000 -t 9100:91 "
      "-u 5353:53 -T none --netns /run/user/1000/netns/netns-1";
  EXPECT_EQ(read(options, on_port(8080)), behind({}, 80));
  EXPECT_EQ(read(options, on_port(8085)), behind({}, 85));
  EXPECT_EQ(read(options, on_port(9000)), behind({}, 9000));
  EXPECT_EQ(read(options, on_port(9100)), behind({}, 91));
  EXPECT_EQ(read(options, on_port(5353, Protocol::udp)), behind({}, 53));
  EXPECT_FALSE(read(options, on_port(5353)));
  EXPECT_FALSE(read(options, on_port(40000, Protocol::udp)));
}

TEST(PublishedPort, PastaWithOddRanges_IsNone) {
  for (const char* const ranges :
       {"none", "auto", "~80", "8080-", ":80", "8080:", "0-9:80", "8089-8080:1",
        "8000-8100:65500-65600", "8080-8080-8080x:x", ",,,", "1/2/"}) {
    const auto published =
        read(std::string("pasta --netns /x -t ") + ranges, on_port(8080));
    if (published) {
      EXPECT_EQ(published, behind({}, 8080)) << ranges;
    }
  }
  EXPECT_FALSE(read("pasta --netns /x -t 8000-8100:65500-65600", on_port(8080)));
  EXPECT_FALSE(read("pasta -t 8080:80")) << "serves a command, no container";
}

TEST(PublishedPort, ThoseThatSayNothing_AreAContainers) {
  EXPECT_EQ(read("slirp4netns -c -r 3 --netns-type=path /run/netns/x tap0"),
            PublishedPort());
  EXPECT_FALSE(read("slirp4netns -c tap0", on_port(40000, Protocol::udp)));
  EXPECT_EQ(read("rootlessport"), PublishedPort());
}

TEST(PublishedPort, AnybodyElse_PublishesNothing) {
  EXPECT_FALSE(published_port({}, on_port(80)));
  EXPECT_FALSE(published_port({""}, on_port(80)));
  EXPECT_FALSE(read("nginx -c " + kPodmanId));
  EXPECT_FALSE(read("docker-proxy2 -container-ip 172.17.0.2"));
}

}  // namespace
}  // namespace portwatch
