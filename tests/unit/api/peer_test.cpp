#include "userspace/api/peer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/api/sample.h"
#include "tests/unit/api/test_server.h"
#include "userspace/api/peer_view.h"

namespace portwatch {
namespace {

using nlohmann::json;

constexpr uid_t kStranger = 12345;

// Connecting as somebody else takes root; CI is root, and fails where anything is
// skipped.
#define NEEDS_ROOT()                                         \
  if (geteuid() != 0) {                                      \
    GTEST_SKIP() << "needs root to connect as another user"; \
  }

json holder_seen_by(uid_t viewer, uid_t owner) {
  TestServer server;
  server.service().whole.bindings = {full_binding(80, owner)};
  RawClient client(server.path(), viewer);
  client.call("io.portwatch.Who", {{"port", 80}});
  return client.read().value()["parameters"]["bindings"][0]["holders"][0];
}

TEST(PeerView, Root_SeesEverything) {
  NEEDS_ROOT();
  const json holder = holder_seen_by(0, kStranger);
  EXPECT_EQ(holder["exe"], "/usr/sbin/nginx");
  EXPECT_EQ(holder["fds"], json({6, 7}));
}

TEST(PeerView, Owner_SeesEverythingOfTheirOwn) {
  NEEDS_ROOT();
  const json holder = holder_seen_by(kStranger, kStranger);
  EXPECT_EQ(holder["exe"], "/usr/sbin/nginx");
  EXPECT_EQ(holder["fds"], json({6, 7}));
}

TEST(PeerView, Stranger_SeesWhatProcWouldShow) {
  NEEDS_ROOT();
  const json holder = holder_seen_by(kStranger, 33);
  EXPECT_TRUE(holder["exe"].is_null());
  EXPECT_TRUE(holder["fds"].is_null());
  EXPECT_EQ(holder["pid"], kSamplePid);
  EXPECT_EQ(holder["name"], "nginx");
  EXPECT_EQ(holder["user"], "www-data");
  EXPECT_EQ(holder["uid"], 33);
  EXPECT_EQ(holder["unit"], "nginx.service");
  EXPECT_TRUE(holder["startTime"].is_string());
  EXPECT_TRUE(holder["cmdline"].is_array());
}

TEST(PeerView, Events_AreRedactedForEachWatcher) {
  NEEDS_ROOT();
  TestServer server;
  RawClient root(server.path());
  RawClient owner(server.path(), 33);
  RawClient stranger(server.path(), kStranger);
  for (RawClient* client : {&root, &owner, &stranger}) {
    client->call("io.portwatch.Watch", json::object(), true);
  }
  ASSERT_TRUE(eventually([&] { return server.subscribers() == 3; }));
  server.publish(change_of(ChangeType::bind, 80));
  const auto exe = [](RawClient& client) {
    return client.read()
        .value()["parameters"]["event"]["binding"]["creator"]["exe"];
  };
  EXPECT_EQ(exe(root), "/usr/sbin/nginx");
  EXPECT_EQ(exe(owner), "/usr/sbin/nginx");
  EXPECT_TRUE(exe(stranger).is_null());
}

TEST(PeerView, PastEvents_AreRedactedToo) {
  NEEDS_ROOT();
  TestServer server;
  server.publish(change_of(ChangeType::bind, 80));
  RawClient stranger(server.path(), kStranger);
  stranger.call("io.portwatch.Watch", {{"recent", 5}}, true);
  const json event = stranger.read().value()["parameters"]["event"];
  EXPECT_TRUE(event["binding"]["creator"]["exe"].is_null());
  EXPECT_EQ(event["binding"]["creator"]["name"], "nginx");
}

TEST(PeerView, HiddenProc_LeavesTheOwnerOnly) {
  Binding binding = full_binding(80);
  redact(binding, Viewer{kStranger, true});
  Process expected;
  const Process full = full_process(kSamplePid, 33);
  expected.id = full.id;
  expected.start_time = full.start_time;
  expected.name = full.name;
  expected.uid = full.uid;
  expected.user = full.user;
  expected.unit = full.unit;
  EXPECT_EQ(binding.creator, expected);
  EXPECT_EQ(binding.holders->at(0), expected);
}

TEST(PeerView, ProcessOfAnUnknownUser_IsSomebodyElses) {
  Binding binding = full_binding(80);
  binding.creator.edit([](Process& creator) { creator.uid.reset(); });
  redact(binding, Viewer{kStranger, false});
  EXPECT_FALSE(binding.creator->exe);
}

// A process of kStranger's that drops what made it readable: proc(5), prctl(2)
// PR_SET_DUMPABLE. Ended by closing `leash`.
pid_t start_process(bool readable, int leash) {
  int ready[2];
  EXPECT_EQ(pipe(ready), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    char byte = 0;
    const bool done =
        setuid(kStranger) == 0 && prctl(PR_SET_DUMPABLE, readable ? 1 : 0) == 0;
    _exit(done && write(ready[1], "", 1) == 1 && read(leash, &byte, 1) >= 0 ? 0
                                                                            : 1);
  }
  char byte = 0;
  close(ready[1]);
  EXPECT_EQ(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  return pid;
}

TEST(PeerView, ProcessThatDroppedRights_IsNotShownToItsUser) {
  NEEDS_ROOT();
  for (const bool readable : {true, false}) {
    int leash[2];
    ASSERT_EQ(pipe2(leash, O_CLOEXEC), 0);
    const pid_t pid = start_process(readable, leash[0]);
    Binding binding = full_binding(80, kStranger);
    binding.creator.edit([&](Process& creator) { creator.id.pid = pid; });
    redact(binding, Viewer{kStranger, false});
    EXPECT_EQ(binding.creator->exe.has_value(), readable);
    ASSERT_EQ(write(leash[1], "", 1), 1);
    ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
    close(leash[0]);
    close(leash[1]);
  }
}

TEST(HidesProcesses, Mounts_AreReadAsProcWritesThem) {
  const std::string root = "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
  const auto proc = [](const std::string& options) {
    return "22 21 0:20 / /proc rw,nosuid shared:5 - proc proc " + options + "\n";
  };
  EXPECT_FALSE(hides_processes(""));
  EXPECT_FALSE(hides_processes(root + proc("rw")));
  EXPECT_FALSE(hides_processes(root + proc("rw,hidepid=0")));
  EXPECT_FALSE(hides_processes(root + proc("rw,hidepid=off")));
  EXPECT_TRUE(hides_processes(root + proc("rw,hidepid=1")));
  EXPECT_TRUE(hides_processes(root + proc("rw,gid=4,hidepid=invisible")));
  EXPECT_TRUE(hides_processes(proc("rw,hidepid=ptraceable")));
  // A later mount covers an earlier one; other filesystems do not count.
  EXPECT_FALSE(hides_processes(proc("rw,hidepid=2") + proc("rw")));
  EXPECT_TRUE(
      hides_processes(proc("rw,hidepid=2") +
                      "23 21 0:21 / /proc/x rw - tmpfs tmpfs rw,hidepid=0\n"));
}

TEST(PeerOf, Socketpair_IsOurselves) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const UniqueFd one(pair[0]);
  const UniqueFd two(pair[1]);
  const Result<Peer> peer = peer_of(one.get());
  ASSERT_TRUE(peer.ok());
  EXPECT_EQ(peer->pid, getpid());
  EXPECT_EQ(peer->viewer.uid, geteuid());
  EXPECT_EQ(peer->gid, getegid());
  EXPECT_NE(peer->netns, 0u);
}

}  // namespace
}  // namespace portwatch
