// Traps of the host: other tools' programs, cgroups and namespaces that come and
// go, storms.
#include <linux/bpf.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <fstream>
#include <map>

#include "tests/e2e/traps/trap.h"
#include "tests/support/foreign_program.h"

namespace portwatch::test {
namespace {

using HostTrap = Trap;

// Starts its daemon when it wants.
class LateTrap : public Trap {
 protected:
  void SetUp() override {}
};

TEST_F(HostTrap, Trap23_BindRewrittenByAnotherTool_TheRealPortIsShown) {
  const FreshCgroup cgroup;
  const UniqueFd program = load_port_rewriter(17777, 17778);
  const Attached attached(cgroup.path(), program, BPF_CGROUP_INET4_BIND,
                          Sharing::multi);
  Child child([&] {
    cgroup.take_in(getpid());
    bound_socket("127.0.0.1", 17777).release();
  });
  EXPECT_TRUE(all(17777).empty());
  EXPECT_EQ(pids(only(17778)), std::vector<pid_t>{child.pid()});
  child.finish();
}

TEST_F(HostTrap, Trap24_RefusedByAnotherToolAfterOurHook_NothingIsHeld) {
  const UniqueFd program = load_port_refuser(8424);
  const Attached attached(cgroup_root_path(), program, BPF_CGROUP_INET4_POST_BIND,
                          Sharing::multi);
  const UniqueFd socket = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(socket, "127.0.0.1", 8424), EPERM);
  EXPECT_TRUE(all(8424).empty());
  EXPECT_TRUE(ours(ask({"list", "--json"})).empty());
  EXPECT_EQ(events("bind", 8424).size(), events("release", 8424).size());
}

// A network namespace, as the only binding of an answer has it.
struct Namespace {
  std::uint32_t inode = 0;
  std::uint64_t cookie = 0;
};
Namespace of_binding(const Json& said) {
  EXPECT_EQ(said["bindings"].size(), 1u) << said.dump(1);
  return {said["bindings"][0]["netns"], said["bindings"][0]["netnsCookie"]};
}

TEST_F(HostTrap, Trap29_NamespaceWithAReusedInode_IsAnother) {
  struct Old {
    std::uint64_t cookie;
    Port port;
  };
  // The kernel frees a namespace later, in a worker, and its number goes to
  // whoever needs one then: sooner or later to a namespace.
  std::map<std::uint32_t, Old> gone;
  for (Port port = 8500; port < 9000; ++port) {
    const FreshNetns made;
    const auto old = gone.find(made.inode());
    const Port taken = old == gone.end() ? port : old->second.port;
    const UniqueFd listener = listening_socket("127.0.0.1", taken);
    const Namespace now = of_binding(answer(taken));
    EXPECT_EQ(now.inode, made.inode());
    if (old == gone.end()) {
      gone[now.inode] = {now.cookie, port};
      continue;
    }
    EXPECT_NE(now.cookie, old->second.cookie);
    const auto released = events("release", taken);
    ASSERT_EQ(released.size(), 1u);
    EXPECT_EQ(released[0]["binding"]["netnsCookie"], old->second.cookie);
    return;
  }
  FAIL() << "no namespace got the number of one that was gone";
}

TEST_F(HostTrap, Trap30_SocketsRefusedForWantOfDescriptors_LeaveNoPhantoms) {
  Child child([] {
    const rlimit few{16, 16};
    setrlimit(RLIMIT_NOFILE, &few);
    for (int i = 0; i < 10'000; ++i) {
      if (socket(AF_INET, SOCK_STREAM, 0) < 0 && errno != EMFILE) {
        _exit(1);
      }
    }
  });
  EXPECT_TRUE(ours(ask({"list", "--all", "--json"})).empty());
  child.finish();
}

TEST_F(LateTrap, Trap32_SocketOfARemovedCgroup_IsTrackedAndReleased) {
  auto cgroup = std::make_unique<FreshCgroup>();
  const std::string root = cgroup_root_path();
  Child child([&] {
    cgroup->take_in(getpid());
    listening_socket("127.0.0.1", 8432).release();
    std::ofstream(root + "/cgroup.procs") << getpid();
  });
  const std::string path = cgroup->path();
  cgroup.reset();
  struct stat facts {};
  ASSERT_NE(stat(path.c_str(), &facts), 0) << "the cgroup is still there";
  start_daemon();
  EXPECT_EQ(pids(only(8432)), std::vector<pid_t>{child.pid()});
  child.finish();
  EXPECT_TRUE(all(8432).empty());
  EXPECT_EQ(events("release", 8432).size(), 1u);
}

void churn(int connections, Port port = 8435) {
  const UniqueFd listener = listening_socket("127.0.0.1", port);
  for (int i = 0; i < connections; ++i) {
    UniqueFd client = make_socket(Family::ipv4, kTcp);
    connect_to(client, "127.0.0.1", port);
    const UniqueFd accepted(accept(listener.get(), nullptr, nullptr));
    const linger abort{1, 0};
    setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    const UniqueFd other = listening_socket("127.0.0.1", 0);
  }
}

TEST_F(LateTrap, Trap35_StormThatOverflowsTheRing_IsSaidAndTheTableIsRight) {
  std::ofstream(directory_ / "portwatchd.toml") << "[ring]\nsize = \"4KiB\"\n";
  start_daemon();
  const UniqueFd stays = listening_socket("127.0.0.1", 8434);
  kill(daemon_->pid(), SIGSTOP);
  churn(1000);
  kill(daemon_->pid(), SIGCONT);
  churn(1000);
  const Json status = Json::parse(ask({"status", "--json"}).out);
  EXPECT_GT(status["eventsLost"], 0);
  EXPECT_GT(status["resyncs"], 0);
  const auto listed = ours(ask({"list", "--json"}));
  ASSERT_EQ(listed.size(), 1u) << Json(listed).dump(1);
  EXPECT_EQ(listed[0]["port"], 8434);
  EXPECT_EQ(status["bindings"],
            Json::parse(ask({"list", "--json"}).out)["bindings"].size());
}

void churn_in_processes(int count) {
  std::vector<pid_t> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(fork());
    if (all.back() == 0) {
      churn(2000, static_cast<Port>(8441 + i));
      _exit(0);
    }
  }
  for (const pid_t pid : all) {
    waitpid(pid, nullptr, 0);
  }
}

// Packets of loopback are taken in by an interrupt on any CPU.
void spread_loopback() {
  const TempDir sysfs;  // the one of our namespace; a mount shows that of its maker
  ASSERT_EQ(unshare(CLONE_NEWNS), 0);
  ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  ASSERT_EQ(mount("sysfs", sysfs.path().c_str(), "sysfs", 0, nullptr), 0);
  std::ofstream(sysfs / "class/net/lo/queues/rx-0/rps_cpus") << "3";
  ASSERT_EQ(umount(sysfs.path().c_str()), 0);
}

TEST_F(LateTrap, Trap35_HookThatTheKernelSkips_IsSaid) {
  ASSERT_GT(sysconf(_SC_NPROCESSORS_ONLN), 1) << "needs a second CPU to interrupt";
  Child([] { spread_loopback(); }).finish();
  start_daemon();
  const auto missed = [this] {
    return Json::parse(ask({"status", "--json"}).out)["resultsMissed"].get<int>();
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (missed() == 0 && std::chrono::steady_clock::now() < deadline) {
    churn_in_processes(4);
  }
  ASSERT_GT(missed(), 0) << "the kernel never skipped one";
  const Json said = Json::parse(ask({"failures", "--json"}).out);
  EXPECT_EQ(said["confidence"], "partial") << said.dump(1);
  EXPECT_NE(said["missing"].dump().find("skipped"), std::string::npos) << said;
}

TEST_F(LateTrap, Trap40_RootCgroupHeldExclusively_RefusesAndNamesTheProgram) {
  const UniqueFd program = load_port_refuser(8440);
  const Attached attached(cgroup_root_path(), program, BPF_CGROUP_INET4_POST_BIND,
                          Sharing::exclusive);
  const auto refused = make_daemon({"--backend", "ebpf"});
  EXPECT_FALSE(refused->was_ready());
  EXPECT_EQ(refused->stop(0), 1);
  const std::string log = refused->errors();
  EXPECT_NE(log.find("post_bind4"), std::string::npos) << log;
  EXPECT_NE(log.find("'refuser'"), std::string::npos) << log;
}

}  // namespace
}  // namespace portwatch::test
