#include "userspace/api/peer_rights.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "tests/unit/api/test_server.h"

namespace portwatch {
namespace {

using nlohmann::json;

std::string status_text(const std::string& uids, const std::string& effective) {
  return "Name:\tnginx\nUid:\t" + uids +
         "\nGid:\t0\t0\t0\t0\nCapInh:\t0000000000000000\nCapEff:\t" + effective +
         "\nCapBnd:\t000001ffffffffff\n";
}

TEST(HasBindService, Status_IsReadAsProcWritesIt) {
  const std::string mine = "0\t33\t0\t0";  // real, effective, saved, filesystem
  EXPECT_EQ(has_bind_service(status_text(mine, "000001ffffffffff"), 33), true);
  EXPECT_EQ(has_bind_service(status_text(mine, "0000000000000400"), 33), true);
  EXPECT_EQ(has_bind_service(status_text(mine, "000001fffffffbff"), 33), false);
  EXPECT_EQ(has_bind_service(status_text(mine, "0000000000000000"), 33), false);
}

TEST(HasBindService, AnotherUsersOrBrokenStatus_IsNotKnown) {
  const std::string full = "000001ffffffffff";
  EXPECT_EQ(has_bind_service(status_text("33\t0\t0\t0", full), 33), std::nullopt);
  EXPECT_EQ(has_bind_service(status_text("33", full), 33), std::nullopt);
  EXPECT_EQ(has_bind_service(status_text("33\t33", "none"), 33), std::nullopt);
  EXPECT_EQ(has_bind_service("", 33), std::nullopt);
  EXPECT_EQ(has_bind_service("Name:\tUid:\t33\t33\n", 33), std::nullopt);
}

TEST(MayBindLowPorts, ProcessThatCannotBeSeen_IsJudgedByItsUser) {
  Peer peer;
  EXPECT_EQ(may_bind_low_ports(peer, 1), true);
  peer.pid = 1 << 23;  // above every pid_max
  EXPECT_EQ(may_bind_low_ports(peer, 1), true);
  peer.viewer.uid = 33;
  EXPECT_EQ(may_bind_low_ports(peer, 1), std::nullopt);
}

// The request that the service gets from a process of its own, after `prepare`.
BindRequest asked_by_child(const std::function<bool()>& prepare,
                           const json& parameters = {{"port", 80}}) {
  TestServer server;
  const pid_t pid = fork();
  if (pid == 0) {
    bool answered = prepare();
    if (answered) {
      RawClient client(server.path());
      answered = client.call("io.portwatch.Why", parameters) && client.read();
    }
    _exit(answered ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  const auto& requests = server.service().requests;
  EXPECT_EQ(requests.size(), 1u);
  return requests.empty() ? BindRequest() : requests[0];
}

bool drop_all_rights() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  return syscall(SYS_capset, &header, none) == 0;
}

TEST(MayBindLowPorts, ProcessOfOnesOwn_IsJudgedByItsCapability) {
  const BindRequest mine = asked_by_child([] { return true; });
  EXPECT_EQ(mine.may_bind_low_ports, geteuid() == 0);
  EXPECT_EQ(mine.uid, geteuid());
  EXPECT_EQ(asked_by_child(drop_all_rights).may_bind_low_ports, false);
}

TEST(MayBindLowPorts, NamespaceOfSomebodyElse_IsNotKnownWithoutRights) {
  const BindRequest request =
      asked_by_child(drop_all_rights, {{"port", 80}, {"netns", 1}});
  EXPECT_EQ(request.netns, 1u);
  EXPECT_EQ(request.may_bind_low_ports, std::nullopt);
}

// All capabilities, but in a user namespace that does not own the network.
TEST(MayBindLowPorts, RightsInAUserNamespace_EndAtTheHostsNetwork) {
  const BindRequest request =
      asked_by_child([] { return unshare(CLONE_NEWUSER) == 0; });
  EXPECT_EQ(request.may_bind_low_ports, false);
}

TEST(MayBindLowPorts, NetworkOfOnesOwnUserNamespace_IsOnesOwn) {
  const BindRequest request =
      asked_by_child([] { return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0; });
  EXPECT_EQ(request.may_bind_low_ports, true);
}

}  // namespace
}  // namespace portwatch
