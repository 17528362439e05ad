#include "userspace/conflict/remedies.h"

#include <gtest/gtest.h>

#include "tests/unit/conflict/sample.h"

namespace portwatch::test {
namespace {

using Words = std::vector<std::string>;

Words end(std::vector<Process> holders) {
  const std::vector<Binding> held = {listener("0.0.0.0", 80, std::move(holders))};
  return commands(end_owners(held));
}

Process in_unit(const std::string& unit, const std::string& cgroup = "") {
  Process made = process(42, "server");
  made.unit = unit;
  made.cgroup = cgroup.empty() ? "/system.slice/" + unit : cgroup;
  return made;
}

Process in_container(const std::string& container,
                     std::optional<std::string> name = std::nullopt) {
  Process made = process(42, "server");
  made.unit = "docker-0123.scope";
  made.container = container;
  made.container_name = std::move(name);
  return made;
}

TEST(Remedies, Unit_IsStoppedInsteadOfItsPid) {
  EXPECT_EQ(end({in_unit("nginx.service")}), Words{"systemctl stop nginx.service"});
  EXPECT_EQ(end({in_unit("web.service",
                         "/user.slice/user-1000.slice/user@1000.service/app.slice/"
                         "web.service")}),
            Words{"systemctl --user stop web.service"});
}

TEST(Remedies, WhatNoUnitStartsAgain_IsKilled) {
  EXPECT_EQ(end({in_unit("session-3.scope")}), Words{"kill 42"});
  EXPECT_EQ(end({in_unit("cron.service")}), Words{"kill 42"});
  EXPECT_EQ(end({in_unit("user@1000.service")}), Words{"kill 42"});
}

TEST(Remedies, Container_IsStoppedByItsManager) {
  EXPECT_EQ(end({in_container("docker:0123456789ab", "web")}),
            Words{"docker stop web"});
  EXPECT_EQ(end({in_container("docker:0123456789ab")}),
            Words{"docker stop 0123456789ab"});
  EXPECT_EQ(end({in_container("podman:0123456789ab", "db")}),
            Words{"podman stop db"});
  EXPECT_EQ(end({in_container("containerd:0123456789ab", "x")}),
            Words{"crictl stop 0123456789ab"});
  EXPECT_EQ(end({in_container("lxc:box")}), Words{"lxc-stop -n box"});
  EXPECT_EQ(end({in_container("nspawn:box")}), Words{"machinectl stop box"});
  EXPECT_EQ(end({in_container("other:box")}), Words{"-"});
}

TEST(Remedies, ProxyOfAContainer_StandsForIt) {
  Process proxy = process(90, "docker-proxy");
  proxy.unit = "docker.service";
  proxy.publishes = PublishedPort{};
  EXPECT_EQ(end({proxy}), Words{"docker ps"});
  proxy.publishes->container = "podman:0123456789ab";
  proxy.publishes->container_name = "db";
  EXPECT_EQ(end({proxy}), Words{"podman stop db"});
}

TEST(Remedies, SocketActivation_NeverKillsProcessOne) {
  Process init = process(1, "systemd");
  init.ppid = 0;
  init.unit = "init.scope";
  EXPECT_EQ(end({init}), Words{"systemctl list-sockets"});
  Process user = process(900, "systemd");
  user.unit = "init.scope";
  user.cgroup = "/user.slice/user-1000.slice/user@1000.service/init.scope";
  EXPECT_EQ(end({user}), Words{"systemctl --user list-sockets"});
}

TEST(Remedies, SeveralProcesses_OneCommand) {
  Process worker = process(11, "gunicorn");
  worker.ppid = 10;
  EXPECT_EQ(end({process(10, "gunicorn"), worker, process(12, "other")}),
            Words{"kill 10 12"});
}

TEST(ShellWord, HostileNames_AreQuotedOrRefused) {
  EXPECT_EQ(shell_word("nginx.service"), "nginx.service");
  EXPECT_EQ(shell_word("dev-\\x2d.service"), "'dev-\\x2d.service'");
  EXPECT_EQ(shell_word("x;rm -rf ~.service"), "'x;rm -rf ~.service'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("$(id).service"), "'$(id).service'");
  EXPECT_EQ(shell_word("--force"), std::nullopt);
  EXPECT_EQ(shell_word("a\nb"), std::nullopt);
  EXPECT_EQ(shell_word(""), std::nullopt);
}

TEST(Remedies, NameThatIsNoWord_LeavesTheCommandOut) {
  EXPECT_EQ(end({in_unit("-x.service")}), Words{"-"});
}

}  // namespace
}  // namespace portwatch::test
