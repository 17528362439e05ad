#include <gtest/gtest.h>

#include "userspace/model/process.h"

namespace portwatch {
namespace {

const std::string kId =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

using Name = std::optional<std::string>;

TEST(UnitOfCgroup, Innermost_ServiceSocketOrScope) {
  EXPECT_EQ(unit_of_cgroup("/system.slice/nginx.service"), Name("nginx.service"));
  EXPECT_EQ(unit_of_cgroup("/system.slice/foo.service/worker/3"),
            Name("foo.service"));
  EXPECT_EQ(
      unit_of_cgroup("/user.slice/user-1000.slice/user@1000.service/app.slice/"
                     "app-term.scope"),
      Name("app-term.scope"));
  EXPECT_EQ(unit_of_cgroup("/system.slice/cups.socket"), Name("cups.socket"));
  EXPECT_EQ(unit_of_cgroup("/init.scope"), Name("init.scope"));
}

TEST(UnitOfCgroup, Escapes_StayAsTheyAre) {
  EXPECT_EQ(unit_of_cgroup("/system.slice/a\\x2db.service"),
            Name("a\\x2db.service"));
}

TEST(UnitOfCgroup, NoUnit_IsEmpty) {
  for (const char* path : {"", "/", "/docker/abc", "/user.slice", "/a.service.d/b",
                           "/system.slice/.service"}) {
    EXPECT_EQ(unit_of_cgroup(path), Name()) << path;
  }
}

TEST(ContainerOfCgroup, Docker_WithEitherDriver) {
  EXPECT_EQ(container_of_cgroup("/docker/" + kId), Name("docker:0123456789ab"));
  EXPECT_EQ(container_of_cgroup("/system.slice/docker-" + kId + ".scope"),
            Name("docker:0123456789ab"));
}

TEST(ContainerOfCgroup, UnitInsideOfAContainer_IsStillInIt) {
  const std::string path =
      "/system.slice/docker-" + kId + ".scope/system.slice/nginx.service";
  EXPECT_EQ(container_of_cgroup(path), Name("docker:0123456789ab"));
  EXPECT_EQ(unit_of_cgroup(path), Name("nginx.service"));
}

TEST(ContainerOfCgroup, Podman_ButNotItsMonitor) {
  EXPECT_EQ(
      container_of_cgroup("/machine.slice/libpod-" + kId + ".scope/container"),
      Name("podman:0123456789ab"));
  EXPECT_EQ(container_of_cgroup("/machine.slice/libpod-conmon-" + kId + ".scope"),
            Name());
}

TEST(ContainerOfCgroup, KubernetesRuntimes) {
  EXPECT_EQ(container_of_cgroup("/kubepods.slice/kubepods-burstable.slice/"
                                "kubepods-burstable-pod1.slice/cri-containerd-" +
                                kId + ".scope"),
            Name("containerd:0123456789ab"));
  EXPECT_EQ(container_of_cgroup("/kubepods.slice/crio-" + kId + ".scope"),
            Name("crio:0123456789ab"));
  EXPECT_EQ(container_of_cgroup("/kubepods/besteffort/pod12/" + kId),
            Name("containerd:0123456789ab"));
}

TEST(ContainerOfCgroup, Lxc_ByName) {
  EXPECT_EQ(container_of_cgroup("/lxc.payload.web/system.slice/ssh.service"),
            Name("lxc:web"));
  EXPECT_EQ(container_of_cgroup("/lxc/web"), Name("lxc:web"));
  EXPECT_EQ(container_of_cgroup("/lxc.monitor.web"), Name());
}

TEST(ContainerOfCgroup, Nspawn_ByNameButNotItsSupervisor) {
  EXPECT_EQ(
      container_of_cgroup("/machine.slice/systemd-nspawn@box.service/payload"),
      Name("nspawn:box"));
  EXPECT_EQ(container_of_cgroup("/machine.slice/machine-my\\x2dbox.scope"),
            Name("nspawn:my-box"));
  EXPECT_EQ(
      container_of_cgroup("/machine.slice/systemd-nspawn@box.service/supervisor"),
      Name());
}

TEST(ContainerOfCgroup, VirtualMachinesAndPlainUnits_AreNone) {
  for (const char* path :
       {"", "/", "/system.slice/docker.service", "/system.slice/docker-short.scope",
        "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope",
        "/user.slice/user-0.slice/session-3.scope", "/docker/nothex"}) {
    EXPECT_EQ(container_of_cgroup(path), Name()) << path;
  }
}

}  // namespace
}  // namespace portwatch
