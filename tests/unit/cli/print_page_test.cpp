// The answer page, word for word.
#include "cli/print.h"

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

class PrintPage : public CommandTest {
 protected:
  std::string page(const Answer& answer, std::vector<PortSpec> ports = {}) {
    return print_page(answer, ports, view, [this](const Process& process) {
      return backends.parents[process.id.pid];
    });
  }
  View view{kNow, kOwnNetns, Style(false), 0};
};

Process server() {
  Process p = process(4242, "python3");
  p.cmdline = {{"python3", "-m", "http.server", "5055"}};
  p.exe = "/usr/bin/python3.11";
  p.uid = 1000;
  p.user = "alice";
  p.ppid = 900;
  p.cgroup = "/user.slice/user-1000.slice/session-2.scope";
  p.unit = "session-2.scope";
  return p;
}

TEST_F(PrintPage, OneServer_TellsAll) {
  backends.parents[4242] = {process(900, "bash"), process(1, "systemd")};
  EXPECT_EQ(
      page(exact({held(5055, server())})),
      "5055/tcp is held by python3 (pid 4242) since 10:39:17 (3 minutes ago)\n"
      "  address      0.0.0.0:5055 (all IPv4 addresses)\n"
      "  state        listening for connections\n"
      "  process      python3, pid 4242, started 10:40:00 (2 minutes ago)\n"
      "  command      python3 -m http.server 5055\n"
      "  program      /usr/bin/python3.11\n"
      "  user         alice (uid 1000)\n"
      "  unit         session-2.scope\n"
      "  descriptors  3\n"
      "  parents      systemd(1) -> bash(900) -> python3(4242)\n");
}

TEST_F(PrintPage, MasterAndWorkers_OneSectionForBothSockets) {
  Process master = process(700, "nginx");
  master.cmdline = {{"nginx: master process /usr/sbin/nginx"}};
  master.user = "root";
  master.unit = "nginx.service";
  master.ppid = 1;
  Binding v4 = held(80, master);
  v4.creator = process(690, "nginx");
  for (const pid_t pid : {701, 702}) {
    Process worker = process(pid, "nginx");
    worker.cmdline = {{"nginx: worker process"}};
    worker.user = "www-data";
    worker.unit = "nginx.service";
    worker.ppid = 700;
    v4.holders->push_back(worker);
  }
  Binding v6 = v4;
  v6.endpoint.family = Family::ipv6;
  v6.ipv6_only = true;
  for (Process& holder : *v6.holders) {
    holder.fds = std::vector<int>{7};
  }
  EXPECT_EQ(page(exact({v4, v6})),
            "80/tcp is held by nginx (pids 700, 701 and 702) since 10:39:17 (3 "
            "minutes ago)\n"
            "  address      0.0.0.0:80 (all IPv4 addresses)\n"
            "               [::]:80 (all IPv6 addresses)\n"
            "  state        listening for connections\n"
            "  process      nginx, pid 700, started 10:40:00 (2 minutes ago)\n"
            "  command      nginx: master process /usr/sbin/nginx\n"
            "  user         root\n"
            "  unit         nginx.service\n"
            "  descriptors  3, 7\n"
            "  also held by nginx(701)  www-data  fd 3, 7  nginx: worker process\n"
            "               nginx(702)  www-data  fd 3, 7  nginx: worker process\n"
            "  opened by    nginx (pid 690), which no longer holds it\n");
}

TEST_F(PrintPage, DualStackLoopbackAndDevice_SayWhatTheyTakeIn) {
  Binding dual = held(80, process(7, "a"));
  dual.endpoint.family = Family::ipv6;
  dual.ipv6_only = false;
  EXPECT_NE(page(exact({dual})).find("[::]:80 (all IPv4 and IPv6 addresses)\n"),
            std::string::npos);
  Binding local = held(80, process(7, "a"));
  local.endpoint.address = {127, 0, 0, 53};
  local.interface = "lo";
  EXPECT_NE(
      page(exact({local})).find("127.0.0.53:80 (only this host, only on lo)\n"),
      std::string::npos);
  Binding lan = held(80, process(7, "a"));
  lan.endpoint.address = {192, 168, 1, 2};
  EXPECT_NE(page(exact({lan})).find("address      192.168.1.2:80\n"),
            std::string::npos);
}

TEST_F(PrintPage, UnknownIpv6Only_ClaimsNeither) {
  Binding v6 = held(80, process(7, "a"));
  v6.endpoint.family = Family::ipv6;
  EXPECT_NE(
      page(exact({v6}))
          .find("[::]:80 (all IPv6 addresses, IPv4 too unless it is IPv6 only)\n"),
      std::string::npos);
}

TEST_F(PrintPage, SocketsOnOneAddress_AreCounted) {
  const Binding one = held(80, process(7, "a"));
  EXPECT_NE(
      page(exact({one, one, one}))
          .find("  address      0.0.0.0:80 (all IPv4 addresses), 3 sockets\n"),
      std::string::npos);
}

TEST_F(PrintPage, HostileNames_CannotReachTheTerminal) {
  Process evil = process(66, "\x1b[2J\n80/tcp is held by root");
  evil.exe = "/tmp/\x1b]0;title\x07";
  evil.cmdline = {{"a\rb", "\x9b"}};
  evil.user = "u\x1b";
  evil.unit = "x\n.service";
  evil.container = "docker:\x1b";
  Binding b = held(80, evil);
  b.netns_name = "r\x1b";
  b.netns = 5;
  b.interface = "e\x1b";
  Answer answer = exact({b});
  answer.miss({"holders", "\x1b[1m"});
  const std::string text = page(answer);
  for (const char c : text) {
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c < 0x7f)) << static_cast<int>(c);
  }
  EXPECT_NE(
      text.find("80/tcp is held by \\x1b[2J\\n80/tcp is held by root (pid 66)"),
      std::string::npos);
}

TEST_F(PrintPage, HiddenHolder_SaysSoAndWhatHelps) {
  Answer answer = exact({binding(631)});
  answer.source = Source::sock_diag;
  answer.bindings[0].since.reset();
  answer.miss({"holders", "3 processes of other users cannot be read"});
  EXPECT_EQ(page(answer),
            "631/tcp is taken, but who holds it is hidden from you\n"
            "  address      0.0.0.0:631 (all IPv4 addresses)\n"
            "  state        listening for connections\n"
            "  hint         ask as root, or start portwatchd\n"
            "  source       sock_diag (partial)\n"
            "  partial      holders: 3 processes of other users cannot be read\n");
}

TEST_F(PrintPage, HoldersMayBeMissing_CreatorIsNotSaidToHaveLetGo) {
  Binding b = held(80, process(7, "a"));
  b.creator = process(6, "b");
  Answer answer = exact({b});
  EXPECT_NE(page(answer).find("b (pid 6), which no longer holds it\n"),
            std::string::npos);
  answer.miss({"holders", "cannot be read"});
  EXPECT_NE(page(answer).find("opened by    b (pid 6)\n"), std::string::npos);
}

TEST_F(PrintPage, KernelSocket_HasNoProcess) {
  Binding vxlan = binding(4789, SocketState::bound);
  vxlan.endpoint.protocol = Protocol::udp;
  vxlan.held_by = HeldBy::kernel;
  vxlan.holders.emplace();
  EXPECT_EQ(
      page(exact({vxlan})),
      "4789/udp is held by the kernel itself, by no process since 10:39:17 (3 "
      "minutes ago)\n"
      "  address      0.0.0.0:4789 (all IPv4 addresses)\n"
      "  state        bound, receives datagrams\n");
}

TEST_F(PrintPage, TimeWaitOnly_IsHeldByNoProcess) {
  Binding closing = binding(80, SocketState::closing);
  closing.held_by = HeldBy::nobody;
  closing.holders.emplace();
  closing.since.reset();
  EXPECT_EQ(
      page(exact({closing})),
      "80/tcp is held by no process\n"
      "  address      0.0.0.0:80 (all IPv4 addresses)\n"
      "  state        closing: the kernel keeps the port for a while (TIME_WAIT "
      "and the like)\n"
      "  since        not known: not seen as it happened\n");
}

TEST_F(PrintPage, Proxy_SaysWhomItServes) {
  Process proxy = process(7, "docker-proxy");
  proxy.publishes =
      PublishedPort{"docker:0123456789ab", "web", "172.17.0.2", Port{80}};
  std::string text = page(exact({held(8080, proxy)}));
  EXPECT_EQ(text.rfind("8080/tcp is held by docker-proxy (pid 7) for container "
                       "docker:0123456789ab (web) since ",
                       0),
            0u)
      << text;
  EXPECT_NE(text.find("\n  publishes    port 80 of container docker:0123456789ab "
                      "(web) at 172.17.0.2\n"),
            std::string::npos)
      << text;
  proxy.publishes = PublishedPort();
  text = page(exact({held(8080, proxy)}));
  EXPECT_EQ(text.rfind("8080/tcp is held by docker-proxy (pid 7) for a container "
                       "since ",
                       0),
            0u)
      << text;
  EXPECT_NE(text.find("\n  publishes    a port of a container\n"),
            std::string::npos);
}

TEST_F(PrintPage, Container_HasItsName) {
  Process inside = process(7, "nginx");
  inside.container = "docker:0123456789ab";
  inside.container_name = "web\x1b[2J";
  EXPECT_NE(page(exact({held(80, inside)}))
                .find("\n  container    docker:0123456789ab (web\\x1b[2J)\n"),
            std::string::npos);
}

TEST_F(PrintPage, TimeWait_SaysHowLongItStays) {
  Binding closing = binding(80, SocketState::closing);
  closing.held_by = HeldBy::nobody;
  closing.holders.emplace();
  closing.remaining = std::chrono::milliseconds(42001);
  EXPECT_NE(page(exact({closing}))
                .find("closing: the kernel keeps the port for another 43s "
                      "(TIME_WAIT and the like)\n"),
            std::string::npos);
  Binding other = closing;
  other.remaining = std::chrono::milliseconds(59000);
  EXPECT_NE(page(exact({closing, other})).find("the port for up to another 59s ("),
            std::string::npos);
  other.remaining.reset();
  EXPECT_NE(page(exact({closing, other})).find("the port for a while ("),
            std::string::npos);
}

TEST_F(PrintPage, InFlight_SaysWhereItIs) {
  Binding b = binding(80);
  b.held_by = HeldBy::in_flight;
  const std::string text = page(exact({b}));
  EXPECT_EQ(text.rfind("80/tcp is held by no process now, but by a descriptor in "
                       "flight",
                       0),
            0u);
  EXPECT_NE(text.find("in a message that nobody has received yet"),
            std::string::npos);
}

TEST_F(PrintPage, BoundNotListening_InPlainWords) {
  Binding b = held(80, process(7, "a"));
  b.state = SocketState::bound;
  EXPECT_NE(page(exact({b})).find("  state        bound, but not listening\n"),
            std::string::npos);
}

TEST_F(PrintPage, OtherNamespace_IsNamed) {
  Binding own = held(80, process(7, "a"));
  Binding red = held(80, process(8, "b"));
  red.netns = 4026532600;
  red.netns_name = "red";
  red.endpoint.address = {127, 0, 0, 1};
  const std::string text = page(exact({own, red}));
  EXPECT_NE(
      text.find("  namespace    4026531840, this one\n\n80/tcp is held by b (pid "
                "8) in network namespace red (4026532600) since"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("127.0.0.1:80 (only that namespace)\n"), std::string::npos);
  EXPECT_EQ(page(exact({own})).find("namespace"), std::string::npos);
}

TEST_F(PrintPage, Nobody_OneLine) {
  EXPECT_EQ(page(exact({}), {{5055, std::nullopt}}), "nobody holds port 5055\n");
  EXPECT_EQ(page(exact({}), {{5055, Protocol::udp}}),
            "nobody holds port 5055/udp\n");
  Answer snapshot;
  snapshot.confidence = Confidence::snapshot;
  EXPECT_EQ(page(snapshot, {{5055, std::nullopt}}), "nobody holds port 5055\n");
}

TEST_F(PrintPage, NobodyButGaps_ClaimsNoMoreThanItKnows) {
  Answer answer = exact({});
  answer.source = Source::sock_diag;
  answer.miss({"namespaces", "not permitted"});
  EXPECT_EQ(page(answer, {{5055, std::nullopt}}),
            "nobody holds port 5055 in this network namespace\n"
            "  source       sock_diag (partial)\n"
            "  partial      namespaces: not permitted\n");
  answer.miss({"sockets of UDP", "refused"});
  EXPECT_EQ(
      page(answer, {{5055, std::nullopt}})
          .rfind("nobody seen on port 5055, but not everything could be seen\n", 0),
      0u);
}

TEST_F(PrintPage, SeveralPorts_FreeOnesLast) {
  const std::string text = page(exact({held(80, process(7, "a"))}),
                                {{5055, std::nullopt}, {80, std::nullopt}});
  EXPECT_EQ(text.rfind("80/tcp is held by a", 0), 0u);
  EXPECT_NE(text.find("\n\nnobody holds port 5055\n"), std::string::npos) << text;
}

TEST_F(PrintPage, Snapshot_NamesItsSource) {
  Answer answer = exact({held(80, process(7, "a"))});
  answer.source = Source::procfs;
  answer.confidence = Confidence::snapshot;
  EXPECT_NE(page(answer).find("  source       procfs (snapshot)\n"),
            std::string::npos);
}

TEST_F(PrintPage, NarrowTerminal_CutsTheCommandLine) {
  Process p = process(7, "a");
  p.cmdline = {{"a", std::string(200, 'x')}};
  view.width = 40;
  EXPECT_NE(page(exact({held(80, p)}))
                .find("  command      a " + std::string(20, 'x') + "...\n"),
            std::string::npos);
  view.width = 0;
  EXPECT_NE(page(exact({held(80, p)})).find(std::string(200, 'x') + "\n"),
            std::string::npos);
}

TEST_F(PrintPage, Connections_AreCounted) {
  Binding connected = held(80, process(7, "a"));
  connected.state = SocketState::connected;
  const std::string text =
      page(exact({held(80, process(7, "a")), connected, connected}));
  EXPECT_NE(text.find("  connections  2 connected\n"), std::string::npos) << text;
}

TEST_F(PrintPage, ManyHolders_SentenceStaysShort) {
  Binding b = held(80, process(700, "nginx"));
  for (pid_t pid = 701; pid < 765; ++pid) {
    b.holders->push_back(process(pid, "nginx"));
  }
  EXPECT_EQ(page(exact({b}))
                .rfind("80/tcp is held by nginx (pids 700, 701, 702, 703, "
                       "704 and 60 more) since",
                       0),
            0u);
}

TEST_F(PrintPage, NothingKnownOfTheProcess_StillNamesThePid) {
  Process bare;
  bare.id = {7, 1};
  Binding b = binding(80);
  b.held_by = HeldBy::process;
  b.since.reset();
  b.holders = std::vector<Process>{bare};
  EXPECT_EQ(page(exact({b})),
            "80/tcp is held by ? (pid 7)\n"
            "  address      0.0.0.0:80 (all IPv4 addresses)\n"
            "  state        listening for connections\n"
            "  since        not known: not seen as it happened\n"
            "  process      ?, pid 7\n");
}

TEST_F(PrintPage, Colour_OnlyAroundOurOwnWords) {
  view.style = Style(true);
  const std::string text = page(exact({held(80, process(7, "a\x1b"))}));
  EXPECT_EQ(text.rfind("\x1b[1m80/tcp is held by a\\x1b (pid 7)", 0), 0u) << text;
  EXPECT_NE(text.find("  \x1b[2mstate        \x1b[0mlistening"), std::string::npos);
}

}  // namespace
}  // namespace portwatch::cli
