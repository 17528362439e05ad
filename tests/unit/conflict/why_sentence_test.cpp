#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/conflict/sample.h"

namespace portwatch::test {
namespace {

BindFailure failure(int error, const Endpoint& requested) {
  BindFailure made;
  made.error = error;
  made.requested = requested;
  made.netns = kNetns;
  made.process = process(31, "node");
  return made;
}

std::string why(const BindFailure& failed) {
  return why_sentence(failed, host(), noon()).value_or("nothing to tell");
}

TEST(Why, InUse_NamesTheListener) {
  BindFailure failed = failure(EADDRINUSE, endpoint("127.0.0.1", 5055));
  Binding held = listener("0.0.0.0", 5055);
  held.since = noon();
  failed.blockers = {held};
  EXPECT_EQ(why(failed),
            "0.0.0.0:5055/tcp is listened on by python3 (pid 1234, root) since "
            "12:00:03");
}

TEST(Why, HoldersNotLookedAt_CreatorIsNamed) {
  BindFailure failed = failure(EADDRINUSE, endpoint("127.0.0.1", 5055));
  Binding held = listener("0.0.0.0", 5055);
  held.holders.reset();
  held.held_by.reset();
  held.creator = process(77, "old");
  failed.blockers = {held};
  EXPECT_EQ(why(failed), "0.0.0.0:5055/tcp is listened on by old (pid 77, root)");
}

TEST(Why, SentenceForEverybody_HidesWhatIsNotPublic) {
  BindFailure failed = failure(EADDRINUSE, endpoint("127.0.0.1", 5055));
  Process holder = process(5, "srv");
  holder.cmdline = {"srv", "--password=secret"};
  holder.container = "docker:0123456789ab";
  holder.container_name = "hidden";
  failed.blockers = {listener("0.0.0.0", 5055, {holder})};
  EXPECT_EQ(why(failed), "0.0.0.0:5055/tcp is listened on by srv (pid 5, root)");
}

TEST(Why, SecondListen_SaysThatOnlyOneMay) {
  BindFailure failed = failure(EADDRINUSE, endpoint("127.0.0.1", 5055));
  failed.operation = Operation::listen;
  failed.blockers = {listener("0.0.0.0", 5055)};
  EXPECT_EQ(why(failed),
            "0.0.0.0:5055/tcp is listened on by python3 (pid 1234, root); with "
            "SO_REUSEADDR two may bind, but only one may listen");
}

TEST(Why, MoreThanOneInTheWay_IsSaid) {
  BindFailure failed = failure(EADDRINUSE, endpoint("0.0.0.0", 5055));
  failed.blockers = {listener("127.0.0.1", 5055, {process(11, "a")}),
                     listener("127.0.0.2", 5055, {process(12, "b")})};
  EXPECT_NE(why(failed).find(", and there is more in the way"), std::string::npos);
}

TEST(Why, BlockersNotLookedAtOrGone_ClaimsNothing) {
  BindFailure failed = failure(EADDRINUSE, endpoint("0.0.0.0", 5055));
  EXPECT_EQ(why(failed), "nothing to tell");
  failed.blockers.emplace();
  EXPECT_EQ(
      why(failed),
      "0.0.0.0:5055/tcp was taken by a socket that was gone when it was looked "
      "for");
}

TEST(Why, NoAutomaticPort_SaysTheRange) {
  const std::string full = "no automatic port (32768-60999) is free";
  EXPECT_EQ(why(failure(EADDRINUSE, endpoint("0.0.0.0", 0))), full);
  for (const int error : {EADDRNOTAVAIL, EAGAIN}) {
    BindFailure failed = failure(error, endpoint("0.0.0.0", 0));
    failed.operation = Operation::connect;
    EXPECT_EQ(why(failed), full + " for that destination");
  }
}

TEST(Why, LowPort_NamesWhoLacksTheRight) {
  EXPECT_EQ(
      why(failure(EACCES, endpoint("0.0.0.0", 80))),
      "ports below 1024 are for programs with CAP_NET_BIND_SERVICE, which node "
      "(pid 31, root) has not");
  EXPECT_EQ(
      why(failure(EACCES, endpoint("0.0.0.0", 8080))),
      "refused, but not for the number of the port: by a security module, as a "
      "rule");
}

TEST(Why, Address_IsForeign) {
  EXPECT_EQ(why(failure(EADDRNOTAVAIL, endpoint("192.0.2.1", 80))),
            "192.0.2.1 is not an address of this host");
  EXPECT_EQ(why(failure(EADDRNOTAVAIL, endpoint("192.168.1.5", 80))),
            "192.168.1.5 was not an address of this host at that moment")
      << "it has come since";
}

TEST(Why, OtherErrors) {
  EXPECT_EQ(why(failure(EPERM, endpoint("0.0.0.0", 80))),
            "a program that is attached to a cgroup of this host refuses it");
  EXPECT_EQ(why(failure(EINVAL, endpoint("0.0.0.0", 80))),
            "the socket has an address already");
  EXPECT_EQ(why(failure(EINVAL, endpoint("ff05::1", 80))),
            "ff05::1 is a multicast address, which is for UDP");
  EXPECT_EQ(why(failure(EAFNOSUPPORT, endpoint("0.0.0.0", 80))),
            "the socket is of another address family");
  EXPECT_EQ(why(failure(EBADF, endpoint("0.0.0.0", 80))), "nothing to tell");
}

}  // namespace
}  // namespace portwatch::test
