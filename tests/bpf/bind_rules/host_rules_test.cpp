// The address, the privilege and the automatic ports against the running kernel,
// with facts that are read from it.
#include <gtest/gtest.h>
#include <net/if.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "tests/bpf/bind_rules/real_socket.h"
#include "tests/support/command.h"
#include "tests/support/fresh_netns.h"
#include "tests/support/sockets.h"
#include "userspace/conflict/explain.h"
#include "userspace/conflict/host_rules.h"
#include "userspace/source/host_facts_reader.h"

namespace portwatch::test {
namespace {

class HostRules : public ::testing::Test {
 protected:
  static void ip(const std::string& arguments) {
    const auto done =
        run_command({"/bin/sh", "-c", "PATH=/bin:/sbin:/usr/sbin ip " + arguments});
    ASSERT_EQ(done.exit_code, 0) << arguments << ": " << done.err;
  }
  static void set(const std::string& name, const std::string& value) {
    std::ofstream file("/proc/sys/net/" + name);
    file << value << std::flush;
    ASSERT_TRUE(file.good()) << name;
  }
  // Two ends of a wire, with addresses of every kind.
  static void add_addresses() {
    ip("link add v0 type veth peer name v1");
    set("ipv6/conf/v0/dad_transmits", "10000");  // tentative until the test is over
    ip("link set v0 up");
    ip("link set v1 up");
    ip("addr add 10.9.0.1/24 dev v0");
    ip("route add local 10.77.0.0/16 dev lo");
    ip("addr add fd00:9::1/64 dev v0 nodad");
    ip("addr add fd00:9::2/64 dev v0");
    ip("addr add fe80::9/64 dev v0 nodad");
  }
  static HostFacts facts() {
    auto read = read_host_facts();
    EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().context);
    return read.ok() ? std::move(read).value() : HostFacts{};
  }
  FreshNetns netns_;
};

class EffectiveUser {
 public:
  explicit EffectiveUser(uid_t uid) { EXPECT_EQ(seteuid(uid), 0); }
  ~EffectiveUser() { EXPECT_EQ(seteuid(0), 0); }
};

constexpr const char* kPlaces[] = {"0.0.0.0",
                                   "127.0.0.1",
                                   "127.255.0.3",
                                   "127.255.255.255",
                                   "10.9.0.1",
                                   "10.9.0.2",
                                   "10.9.0.255",
                                   "10.77.3.4",
                                   "10.78.3.4",
                                   "0.0.0.7",
                                   "224.0.0.9",
                                   "255.255.255.255",
                                   "192.0.2.1",
                                   "::",
                                   "::1",
                                   "::2",
                                   "fd00:9::1",
                                   "fd00:9::2",
                                   "fd00:9::3",
                                   "fe80::9",
                                   "ff02::9",
                                   "ff05::9",
                                   "::ffff:127.0.0.1",
                                   "::ffff:10.9.0.1",
                                   "::ffff:10.9.0.2",
                                   "::ffff:0.0.0.0"};

// errno of the verdict on a host without other sockets, and of the kernel.
struct Errors {
  int told = 0;
  int real = 0;
};
Errors both(const Wish& wish, Port port, const HostFacts& facts, uid_t uid) {
  BindRequest request = request_for(wish, port);
  request.may_bind_low_ports = uid == 0;
  const UniqueFd made = socket_as(wish);
  const EffectiveUser user(uid);
  Wish as_we_are = wish;
  as_we_are.uid = uid;
  return {explain(request, {}, facts, {}).error, bind_as(made, as_we_are, port)};
}

TEST_F(HostRules, AddressAndPrivilege_GiveTheKernelsErrnoInItsOrder) {
  add_addresses();
  const HostFacts host = facts();
  ASSERT_TRUE(host.addresses.has_value());
  int tried = 0;
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    for (const char* address : kPlaces) {
      for (const char* device : {"", "lo", "v0"}) {
        for (const bool v6only : {false, true}) {
          for (const uid_t uid : {0u, 1000u}) {
            for (const Port port : {Port{80}, Port{8080}}) {
              Wish wish;
              wish.protocol = protocol;
              wish.address = address;
              wish.device = device;
              wish.ipv6_only = v6only;
              const Errors errors = both(wish, port, host, uid);
              EXPECT_EQ(errors.told, errors.real)
                  << to_string(wish) << " port " << port << " as " << uid << ": "
                  << std::strerror(errors.told) << ", not "
                  << std::strerror(errors.real);
              ++tried;
            }
          }
        }
      }
    }
  }
  std::printf("addresses and privileges: %d binds\n", tried);
  EXPECT_EQ(tried, 2 * 26 * 3 * 2 * 2 * 2);
}

TEST_F(HostRules, NonlocalBind_LiftsTheAddressCheck) {
  set("ipv4/ip_nonlocal_bind", "1");
  set("ipv6/ip_nonlocal_bind", "1");
  const HostFacts host = facts();
  EXPECT_TRUE(host.nonlocal_bind4);
  EXPECT_TRUE(host.nonlocal_bind6);
  for (const char* address : {"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"}) {
    Wish wish;
    wish.address = address;
    const Errors errors = both(wish, 8080, host, 0);
    EXPECT_EQ(errors.real, 0) << address;
    EXPECT_EQ(errors.told, 0) << address;
  }
}

TEST_F(HostRules, TentativeAddress_IsToldAsSuch) {
  add_addresses();
  Wish wish;
  wish.address = "fd00:9::2";
  EXPECT_EQ(address_fault(request_for(wish, 80), facts()), AddressFault::tentative);
}

TEST_F(HostRules, SettingsOfTheNamespace_AreRead) {
  set("ipv4/ip_local_port_range", "20000 20009");
  set("ipv4/ip_local_reserved_ports", "20003,20005-20007");
  set("ipv4/ip_unprivileged_port_start", "80");
  const HostFacts host = facts();
  EXPECT_EQ(host.ephemeral, (PortInterval{20000, 20009}));
  EXPECT_EQ(host.reserved,
            (std::vector<PortInterval>{{20003, 20003}, {20005, 20007}}));
  EXPECT_EQ(host.unprivileged_port_start, 80u);
  EXPECT_TRUE(host.ipv6);
  EXPECT_FALSE(host.nonlocal_bind4);
}

// Takes automatic ports until there are no more. Before each one the verdict must
// tell how it ends; `chances` times it may say that it does not know.
void exhaust(Wish wish, const HostFacts& host, int chances) {
  wish.address = "127.0.0.1";
  Context context;
  context.host.emplace();
  std::vector<UniqueFd> taken;
  for (int error = 0; error == 0;) {
    const auto verdict = explain(request_for(wish, 0), {}, host, context);
    taken.push_back(socket_as(wish));
    error = bind_as(taken.back(), wish, 0);
    if (verdict.outcome == Answerable::unknown) {
      ASSERT_GE(--chances, 0) << to_string(wish) << taken.size();
    } else {
      ASSERT_EQ(verdict.error, error) << to_string(wish) << taken.size();
    }
    if (verdict.outcome != Answerable::free) {
      ASSERT_EQ(verdict.reasons.at(0).code, ReasonCode::exhausted);
    }
    context.host->bindings.push_back(
        described(taken.back(), wish, SocketState::bound));
  }
}

std::vector<Wish> stream_and_datagram() {
  std::vector<Wish> wishes(3);
  wishes[1].reuse_addr = true;
  wishes[2].protocol = Protocol::udp;
  return wishes;
}

TEST_F(HostRules, AutomaticPorts_EndWhereTheKernelSays) {
  set("ipv4/ip_local_port_range", "20000 20009");
  set("ipv4/ip_local_reserved_ports", "20003,20005-20007");
  for (const Wish& wish : stream_and_datagram()) {
    exhaust(wish, facts(), 0);
  }
}

// The kernel draws by lot which port TCP leaves out: many rounds.
TEST_F(HostRules, RangeOfAnOddNumber_NothingIsClaimedThatHangsOnChance) {
  for (const char* range : {"20000 20002", "20000 20004", "20001 20009"}) {
    set("ipv4/ip_local_port_range", range);
    for (int round = 0; round < 100; ++round) {
      for (const Wish& wish : stream_and_datagram()) {
        exhaust(wish, facts(), is_stream(wish.protocol) ? 1 : 0);
      }
    }
  }
}

TEST_F(HostRules, TwoUdpHoldersOfDifferentMinds_KernelsOrderDecides) {
  Wish both_options;
  both_options.protocol = Protocol::udp;
  both_options.reuse_addr = both_options.reuse_port = true;
  Wish addr_only = both_options;
  addr_only.reuse_port = false;
  Wish newcomer = both_options;
  newcomer.reuse_addr = false;
  std::vector<int> errors;
  for (const bool sharer_first : {true, false}) {
    const Port port = sharer_first ? 8001 : 8002;
    const Wish& first = sharer_first ? both_options : addr_only;
    const Wish& second = sharer_first ? addr_only : both_options;
    const UniqueFd a = socket_as(first);
    const UniqueFd b = socket_as(second);
    ASSERT_EQ(bind_as(a, first, port), 0);
    ASSERT_EQ(bind_as(b, second, port), 0);
    Answer answer;
    answer.bindings = {described(a, first, SocketState::bound),
                       described(b, second, SocketState::bound)};
    const auto verdict = explain(request_for(newcomer, port), answer, facts(), {});
    EXPECT_EQ(verdict.outcome, Answerable::unknown);
    errors.push_back(bind_as(socket_as(newcomer), newcomer, port));
  }
  EXPECT_EQ(errors, (std::vector<int>{EADDRINUSE, 0}));
}

}  // namespace
}  // namespace portwatch::test
