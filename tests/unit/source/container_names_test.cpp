// Which process gets which container's name, and which gets none.
#include "userspace/source/container_names.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_runtime.h"
#include "tests/support/temp_dir.h"

namespace portwatch {
namespace {

const std::string kShop(64, 'a');

class ContainerNamesTest : public ::testing::Test {
 protected:
  // The only holder of a binding on 8080, named.
  Process named(Process holder, SocketState state = SocketState::listening) {
    Binding binding;
    binding.endpoint.port = 8080;
    binding.state = state;
    binding.holders = {std::move(holder)};
    name_containers({&binding, 1}, lists_);
    return binding.holders->front();
  }
  static Process proxy_to(const std::string& address, uid_t uid = 0) {
    Process process;
    process.uid = uid;
    process.cmdline = {"/usr/sbin/docker-proxy",
                       "-proto",
                       "tcp",
                       "-host-port",
                       "8080",
                       "-container-ip",
                       address,
                       "-container-port",
                       "80"};
    return process;
  }
  static Process in_container(const std::string& container) {
    Process process;
    process.container = container;
    return process;
  }

  SystemClock clock_;
  const test::TempDir directory_;
  const std::string path_ = directory_ / "s";
  test::FakeRuntime runtime_{
      path_,
      "[" + test::container_json(kShop, "web", "172.17.0.2", 8080, 80) + "]"};
  ContainerLists lists_{clock_,
                        ContainerLists::Asking::in_place,
                        {{"docker", {path_}}, {"podman", {path_}}},
                        [](const std::string&) {}};
};

TEST_F(ContainerNamesTest, ProcessInside_GetsItsContainersName) {
  EXPECT_EQ(named(in_container("docker:aaaaaaaaaaaa")).container_name, "web");
  EXPECT_FALSE(named(in_container("docker:bbbbbbbbbbbb")).container_name);
  EXPECT_FALSE(named(in_container("containerd:aaaaaaaaaaaa")).container_name);
  EXPECT_FALSE(named(in_container("lxc:web")).container_name);
  EXPECT_FALSE(named(Process()).container_name);
}

TEST_F(ContainerNamesTest, DockerProxy_IsForTheContainerWithThatAddress) {
  const auto published = named(proxy_to("172.17.0.2")).publishes;
  ASSERT_TRUE(published);
  EXPECT_EQ(published->container, "docker:aaaaaaaaaaaa");
  EXPECT_EQ(published->container_name, "web");
  EXPECT_EQ(published->address, "172.17.0.2");
  EXPECT_EQ(published->port, Port{80});
}

TEST_F(ContainerNamesTest, AddressOfNobody_ContainerIsUnknown) {
  const auto published = named(proxy_to("172.17.0.3")).publishes;
  ASSERT_TRUE(published);
  EXPECT_FALSE(published->container);
  EXPECT_EQ(published->address, "172.17.0.3");
}

TEST_F(ContainerNamesTest, AnotherPortOfThatAddress_ContainerIsUnknown) {
  runtime_.say("[" + test::container_json(kShop, "web", "172.17.0.2", 9090, 80) +
               "]");
  EXPECT_FALSE(named(proxy_to("172.17.0.2")).publishes->container);
}

TEST_F(ContainerNamesTest, ProxyOfAnotherUser_IsNotBelieved) {
  const auto published = named(proxy_to("172.17.0.2", 4711)).publishes;
  ASSERT_TRUE(published);
  EXPECT_FALSE(published->container);
  EXPECT_EQ(runtime_.requests(), 0u);
}

TEST_F(ContainerNamesTest, ConnectionOfAProxy_IsNotPublished) {
  EXPECT_FALSE(named(proxy_to("172.17.0.2"), SocketState::connected).publishes);
}

TEST_F(ContainerNamesTest, Conmon_TheRuntimeCompletesItsArguments) {
  Process conmon;
  conmon.uid = 0;
  conmon.cmdline = {"conmon", "-c", kShop, "-n", "old", "--exit-command", "podman"};
  auto published = named(conmon).publishes;
  ASSERT_TRUE(published);
  EXPECT_EQ(published->container, "podman:aaaaaaaaaaaa");
  EXPECT_EQ(published->container_name, "web") << "it was renamed";
  EXPECT_EQ(published->address, "172.17.0.2");
  EXPECT_EQ(published->port, Port{80});
  lists_.set_sockets({});
  published = named(conmon).publishes;
  EXPECT_EQ(published->container_name, "old");
  EXPECT_FALSE(published->port);
}

}  // namespace
}  // namespace portwatch
