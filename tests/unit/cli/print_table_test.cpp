#include "cli/print.h"

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

const View kView{kNow, kOwnNetns, Style(false), 0};

Process of_unit(pid_t pid, const std::string& name, const std::string& unit) {
  Process p = process(pid, name);
  p.user = "root";
  p.unit = unit;
  return p;
}

TEST(PrintTable, Rows_AreAligned) {
  Binding udp = held(53, of_unit(612, "dnsmasq", "dnsmasq.service"));
  udp.endpoint.protocol = Protocol::udp;
  udp.endpoint.address = {127, 0, 0, 53};
  udp.state = SocketState::bound;
  udp.interface = "lo";
  Binding kernel = binding(4789, SocketState::bound);
  kernel.held_by = HeldBy::kernel;
  EXPECT_EQ(
      print_table(exact({udp, kernel, binding(631)}), kView),
      "PROTO  ADDRESS           STATE      PROCESS       USER  UNIT\n"
      "udp    127.0.0.53:53%lo  bound      dnsmasq(612)  root  dnsmasq.service\n"
      "tcp    0.0.0.0:4789      bound      (kernel)      -     -\n"
      "tcp    0.0.0.0:631       listening  hidden        -     -\n");
}

TEST(PrintTable, ManyHolders_AreShortened) {
  Binding b = held(80, of_unit(700, "nginx", "nginx.service"));
  for (pid_t pid = 701; pid < 706; ++pid) {
    b.holders->push_back(of_unit(pid, "nginx", "nginx.service"));
  }
  b.holders->back().user = "www-data";
  const std::string table = print_table(exact({b}), kView);
  EXPECT_NE(table.find("nginx(700),nginx(701),nginx(702),+3  root,www-data  "
                       "nginx.service\n"),
            std::string::npos)
      << table;
}

TEST(PrintTable, Containers_HaveTheirNamesAndProxiesWhomTheyServe) {
  Process inside = process(7, "a");
  inside.container = "docker:0123456789ab";
  inside.container_name = "web\n";
  Process proxy = of_unit(8, "docker-proxy", "docker.service");
  proxy.publishes = PublishedPort{"docker:0123456789ab", "web", {}, {}};
  EXPECT_EQ(print_table(exact({held(80, inside), held(81, proxy)}), kView),
            "PROTO  ADDRESS     STATE      PROCESS          USER  UNIT\n"
            "tcp    0.0.0.0:80  listening  a(7)             -     "
            "docker:0123456789ab (web\\n)\n"
            "tcp    0.0.0.0:81  listening  docker-proxy(8)  root  "
            "docker.service for docker:0123456789ab (web)\n");
}

TEST(PrintTable, ClosingSocket_HasItsRestInTheState) {
  Binding closing = binding(80, SocketState::closing);
  closing.held_by = HeldBy::nobody;
  closing.holders.emplace();
  closing.remaining = std::chrono::milliseconds(1);
  EXPECT_NE(print_table(exact({closing}), kView).find("closing(1s)  (nobody)"),
            std::string::npos);
}

TEST(PrintTable, OtherNamespace_GetsAColumn) {
  Binding red = held(80, process(7, "a"));
  red.netns = 4026532600;
  red.netns_name = "red";
  EXPECT_EQ(print_table(exact({held(80, process(7, "a")), red}), kView),
            "PROTO  ADDRESS     STATE      PROCESS  USER  NETNS       UNIT\n"
            "tcp    0.0.0.0:80  listening  a(7)     -     4026531840  -\n"
            "tcp    0.0.0.0:80  listening  a(7)     -     red         -\n");
}

TEST(PrintTable, Empty_OnlyTheHeader) {
  EXPECT_EQ(print_table(exact({}), kView),
            "PROTO  ADDRESS  STATE  PROCESS  USER  UNIT\n");
}

TEST(PrintTable, HostileName_IsEscapedAndAligned) {
  const std::string table =
      print_table(exact({held(80, process(7, "\x1b\n")), binding(81)}), kView);
  EXPECT_NE(table.find("\\x1b\\n(7)  -     -\n"), std::string::npos) << table;
}

TEST(PrintTable, NarrowTerminal_CutsTheLine) {
  View narrow = kView;
  narrow.width = 30;
  const std::string table = print_table(exact({held(80, process(7, "a"))}), narrow);
  EXPECT_EQ(table,
            "PROTO  ADDRESS     STATE   ...\n"
            "tcp    0.0.0.0:80  listenin...\n");
}

}  // namespace
}  // namespace portwatch::cli
