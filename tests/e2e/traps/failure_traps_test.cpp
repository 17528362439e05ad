// The traps that explain why a bind or a connect failed.
#include <cerrno>
#include <fstream>

#include "tests/e2e/traps/trap.h"

namespace portwatch::test {
namespace {

class FailureTrap : public Trap {
 protected:
  Json why(const std::string& place, const CommandOptions& options = {}) const {
    return Json::parse(ask({"check", place, "--json"}, options).out, nullptr,
                       false);
  }
  static std::vector<std::string> codes(const Json& verdict) {
    std::vector<std::string> found;
    for (const Json& reason : verdict["reasons"]) {
      if (reason["blocks"] == true) {
        found.push_back(reason["code"]);
      }
    }
    return found;
  }
  static void ip(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "/usr/sbin/ip");
    const auto done = run_command(arguments);
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }
};

using Codes = std::vector<std::string>;
const CommandOptions kAsNobody{kNobody, {}, std::chrono::seconds(20)};

TEST_F(FailureTrap, Trap36_ForeignAddress_IsNoPrivilege) {
  const Json foreign = why("192.0.2.1:80", kAsNobody);
  EXPECT_EQ(foreign["error"], "EADDRNOTAVAIL") << foreign.dump(1);
  EXPECT_EQ(codes(foreign).front(), "notLocal");
  const Json local = why("127.0.0.1:80", kAsNobody);
  EXPECT_EQ(local["error"], "EACCES") << local.dump(1);
  EXPECT_EQ(codes(local), Codes{"lowPort"});
}

TEST_F(FailureTrap, Trap36_AddressUnderDuplicateDetection_IsTentative) {
  ip({"link", "add", "v0", "type", "veth", "peer", "name", "v1"});
  std::ofstream("/proc/sys/net/ipv6/conf/v0/dad_transmits") << "60";
  ip({"link", "set", "v0", "up"});
  ip({"link", "set", "v1", "up"});
  ip({"-6", "address", "add", "2001:db8::1/64", "dev", "v0"});
  const UniqueFd socket = make_socket(Family::ipv6, kTcp);
  ASSERT_EQ(try_bind(socket, "2001:db8::1", 7936), EADDRNOTAVAIL);
  const Json verdict = why("[2001:db8::1]:7936");
  EXPECT_EQ(codes(verdict), Codes{"tentative"}) << verdict.dump(1);
  const auto told = events("bindFailed", 7936);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0]["why"].get<std::string>().find("duplicate"), std::string::npos)
      << told[0].dump(1);
}

// All four automatic ports are taken.
class ExhaustedTrap : public FailureTrap {
 protected:
  void SetUp() override {
    Trap::SetUp();
    std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << "41000 41003";
    for (Port port = 41000; port <= 41003; ++port) {
      taken_.push_back(listening_socket("0.0.0.0", port));
    }
  }
  // The failure of an automatic port that our namespace has had.
  std::vector<Json> failures() const {
    const Json said = Json::parse(ask({"failures", "--json"}).out, nullptr, false);
    std::vector<Json> found;
    for (const Json& one : said.value("events", Json::array())) {
      if (one["requested"]["netns"] == netns_.inode()) {
        found.push_back(one);
      }
    }
    return found;
  }
  std::vector<UniqueFd> taken_;
};

TEST_F(ExhaustedTrap, Trap37_BindOfPortZero_IsAFullRange) {
  const UniqueFd late = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(late, "0.0.0.0", 0), EADDRINUSE);
  const auto found = failures();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]["operation"], "bind");
  EXPECT_NE(found[0]["why"].get<std::string>().find("41000"), std::string::npos)
      << found[0].dump(1);
  const Json verdict = why("0.0.0.0:0");
  EXPECT_EQ(codes(verdict), Codes{"exhausted"}) << verdict.dump(1);
}

TEST_F(ExhaustedTrap, Trap37_ConnectWithoutAPort_IsAFullRange) {
  const UniqueFd client = make_socket(Family::ipv4, kTcp);
  EXPECT_THROW(connect_to(client, "127.0.0.1", 41000), std::system_error);
  const auto found = failures();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]["operation"], "connect");
  EXPECT_EQ(found[0]["error"], "EADDRNOTAVAIL");
}

}  // namespace
}  // namespace portwatch::test
