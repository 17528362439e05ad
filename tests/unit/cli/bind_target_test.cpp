#include "cli/bind_target.h"

#include <gtest/gtest.h>

namespace portwatch::cli {
namespace {

std::string shown(const std::string& text) {
  const auto target = parse_bind_target(text);
  return target ? endpoint_text(target->endpoint) + "/" +
                      std::string(to_string(target->endpoint.protocol)) +
                      (target->any_address ? " any" : "")
                : target.error().context;
}

TEST(BindTarget, EveryForm_IsRead) {
  EXPECT_EQ(shown("5055"), "0.0.0.0:5055/tcp any");
  EXPECT_EQ(shown("5055/udp"), "0.0.0.0:5055/udp any");
  EXPECT_EQ(shown(":80"), "0.0.0.0:80/tcp any");
  EXPECT_EQ(shown("*:80"), "0.0.0.0:80/tcp any");
  EXPECT_EQ(shown("127.0.0.1:80"), "127.0.0.1:80/tcp");
  EXPECT_EQ(shown("localhost:80/udp"), "127.0.0.1:80/udp");
  EXPECT_EQ(shown("[::1]:80"), "[::1]:80/tcp");
  EXPECT_EQ(shown("[::]:65535/sctp"), "[::]:65535/sctp");
  EXPECT_EQ(shown("[::ffff:127.0.0.1]:1"), "[::ffff:127.0.0.1]:1/tcp");
}

TEST(BindTarget, Zone_IsAnInterface) {
  const auto target = parse_bind_target("[fe80::1%lo]:80");
  ASSERT_TRUE(target) << target.error().context;
  EXPECT_GT(target->interface_index, 0u);
  EXPECT_FALSE(parse_bind_target("[fe80::1%nosuchif0]:80"));
}

TEST(BindTarget, PortZero_IsAnAutomaticOne) {
  for (const char* text : {"0", "127.0.0.1:0", "[::1]:0/udp"}) {
    const auto target = parse_bind_target(text);
    ASSERT_TRUE(target) << target.error().context;
    EXPECT_EQ(target->endpoint.port, 0);
  }
}

TEST(BindTarget, AnythingElse_IsRefused) {
  for (const char* text : {"",
                           "x",
                           ":",
                           "00",
                           "0x1",
                           "65536",
                           "127.0.0.1:",
                           "127.0.0.1:x",
                           "::1:80",
                           "::1",
                           "[::1]",
                           "[::1]80",
                           "[::1",
                           "[]:80",
                           "[::1]:",
                           "]:80",
                           "[:80",
                           "[127.0.0.1]:80",
                           "example.org:80",
                           "127.0.0.1:80/xyz",
                           "80/",
                           "127.1:80",
                           "[::1]:80:80",
                           "[::1%]:80"}) {
    EXPECT_FALSE(parse_bind_target(text)) << text;
  }
}

TEST(BindTarget, Refusal_SaysWhatIsWrong) {
  EXPECT_EQ(shown("::1:80"),
            "bad address '::1:80': an IPv6 address stands in brackets (expected "
            "PORT, ADDR:PORT or [ADDR]:PORT, as in 127.0.0.1:5055 or "
            "[::1]:5055/udp)");
}

}  // namespace
}  // namespace portwatch::cli
