#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "tests/unit/api/test_server.h"
#include "userspace/api/socket_address.h"

namespace portwatch {
namespace {

bool accepts(const std::string& path) {
  const UniqueFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = unix_address(path);
  return connect(client.get(), reinterpret_cast<const sockaddr*>(&*address),
                 sizeof *address) == 0;
}

Error failure_at(const std::string& path) {
  const Result<UniqueFd> listener = VarlinkServer::listen_at(path);
  EXPECT_FALSE(listener.ok());
  return listener ? Error{} : listener.error();
}

TEST(ListenAt, FreePath_IsOpenToEverybody) {
  const TempDir dir;
  const mode_t before = umask(077);
  const auto listener = VarlinkServer::listen_at(dir / "s");
  umask(before);
  ASSERT_TRUE(listener.ok()) << listener.error().context;
  struct stat facts {};
  ASSERT_EQ(stat((dir / "s").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0666u);
  ASSERT_EQ(stat((dir / "s.lock").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600u);
  EXPECT_TRUE(accepts(dir / "s"));
}

TEST(ListenAt, StaleSocket_IsReplaced) {
  const TempDir dir;
  { const auto first = VarlinkServer::listen_at(dir / "s"); }
  ASSERT_TRUE(std::filesystem::is_socket(dir / "s"));
  EXPECT_FALSE(accepts(dir / "s"));
  const auto second = VarlinkServer::listen_at(dir / "s");
  ASSERT_TRUE(second.ok()) << second.error().context;
  EXPECT_TRUE(accepts(dir / "s"));
}

TEST(ListenAt, LiveDaemon_IsLeftAlone) {
  const TempDir dir;
  const auto first = VarlinkServer::listen_at(dir / "s");
  const Error error = failure_at(dir / "s");
  EXPECT_EQ(error.code, Errc::busy);
  EXPECT_EQ(error.context, "another portwatchd already answers at " + (dir / "s"));
  EXPECT_TRUE(accepts(dir / "s"));
}

TEST(ListenAt, LiveDaemonWithAFullBacklog_IsLeftAlone) {
  const TempDir dir;
  const auto first = VarlinkServer::listen_at(dir / "s");
  ASSERT_EQ(listen(first->get(), 0), 0);
  ASSERT_TRUE(accepts(dir / "s"));
  EXPECT_EQ(failure_at(dir / "s").code, Errc::busy);
}

TEST(ListenAt, FileInTheWay_IsNotTouched) {
  const TempDir dir;
  std::ofstream(dir / "s") << "precious";
  EXPECT_EQ(failure_at(dir / "s").code, Errc::invalid);
  std::string text;
  std::ifstream(dir / "s") >> text;
  EXPECT_EQ(text, "precious");
}

TEST(ListenAt, DirectoryLinkOrDatagramSocketInTheWay_IsInvalid) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "d");
  EXPECT_EQ(failure_at(dir / "d").code, Errc::invalid);
  std::filesystem::create_symlink("nowhere", dir / "l");
  EXPECT_EQ(failure_at(dir / "l").code, Errc::invalid);
  const UniqueFd datagram(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto address = unix_address(dir / "g");
  ASSERT_EQ(bind(datagram.get(), reinterpret_cast<const sockaddr*>(&*address),
                 sizeof *address),
            0);
  EXPECT_EQ(failure_at(dir / "g").code, Errc::invalid);
  EXPECT_TRUE(std::filesystem::is_socket(dir / "g"));
}

TEST(ListenAt, LongestPath_WorksAndOneMoreIsInvalid) {
  const TempDir dir;
  const std::string longest = dir / std::string(107 - (dir / "").size(), 'x');
  const auto listener = VarlinkServer::listen_at(longest);
  ASSERT_TRUE(listener.ok()) << listener.error().context;
  EXPECT_TRUE(accepts(longest));
  EXPECT_EQ(failure_at(longest + "x").code, Errc::invalid);
  EXPECT_EQ(failure_at("").code, Errc::invalid);
}

TEST(ListenAt, MissingDirectory_IsNotFound) {
  const TempDir dir;
  EXPECT_EQ(failure_at(dir / "none/s").code, Errc::not_found);
}

TEST(ListenAt, RaceForAStaleSocket_HasOneWinner) {
  const TempDir dir;
  for (int round = 0; round < 50; ++round) {
    { const auto stale = VarlinkServer::listen_at(dir / "s"); }
    std::atomic<bool> go = false;
    std::vector<Result<UniqueFd>> results;
    for (int i = 0; i < 8; ++i) {
      results.emplace_back(UniqueFd());
    }
    std::vector<std::thread> daemons;
    for (auto& result : results) {
      daemons.emplace_back([&] {
        while (!go) {
        }
        result = VarlinkServer::listen_at(dir / "s");
      });
    }
    go = true;
    int winners = 0;
    for (std::size_t i = 0; i < daemons.size(); ++i) {
      daemons[i].join();
      winners += results[i] ? 1 : 0;
    }
    ASSERT_EQ(winners, 1);
    ASSERT_TRUE(accepts(dir / "s"));
  }
}

}  // namespace
}  // namespace portwatch
