#include "userspace/source/proc_parse.h"

#include <gtest/gtest.h>

namespace portwatch {
namespace {

using namespace std::string_view_literals;

// Linux 6.18, /proc/PID/stat.
constexpr std::string_view kTail =
    " S 7162 7162 2716 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 1 0 407279 3133440 376 "
    "18446744073709551615 94020179738624 94020179758505 140732386083008 0 0 0 0 0 "
    "0 0 0 0 17 1 0 0 0 0 0 94020179774512 94020179776128 94020493451264 "
    "140732386085513 140732386085533 140732386085533 140732386086891 0\n";

std::string stat_of(const std::string& name) {
  return "7208 (" + name + ")" + std::string(kTail);
}

TEST(ParseStat, RealLine_GivesNameParentAndStart) {
  const auto facts = parse_stat(stat_of("cat"));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->name, "cat");
  EXPECT_EQ(facts->state, 'S');
  EXPECT_EQ(facts->ppid, 7162);
  EXPECT_EQ(facts->start_ticks, 407279u);
  EXPECT_FALSE(facts->kernel_thread);
}

TEST(ParseStat, NameWithSpacesAndParentheses_IsWhole) {
  for (const char* name : {"a b", ") S 1 1", "((", "))", "", "x\ny", "(sd-pam)"}) {
    const auto facts = parse_stat(stat_of(name));
    ASSERT_TRUE(facts) << name;
    EXPECT_EQ(facts->name, name);
    EXPECT_EQ(facts->ppid, 7162) << name;
  }
}

TEST(ParseStat, KernelThread_IsSeenByItsFlag) {
  const auto facts = parse_stat(
      "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 2 0 0 20 0 1 0 3 0 0 "
      "18446744073709551615 0 0 0 0 0 0 0 2147483647 0 1 0 0 17 1 0 0 0 0 0 0\n");
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->kernel_thread);
  EXPECT_EQ(facts->ppid, 0);
  EXPECT_EQ(facts->start_ticks, 3u);
}

TEST(ParseStat, CutOrWrongText_IsNothing) {
  const std::string whole = stat_of("cat");
  for (const std::string& text :
       {std::string(), std::string("7208"), std::string("7208 (cat"),
        std::string("7208 (cat)"), std::string("7208 (cat) "), std::string(")("),
        whole.substr(0, 60), std::string("1 (a) S x 1 1 1 1 0 0 0 0")}) {
    EXPECT_FALSE(parse_stat(text)) << text;
  }
}

TEST(ParseEffectiveUid, SecondNumber) {
  EXPECT_EQ(parse_effective_uid("Name:\tx\nUid:\t1000\t33\t1000\t1000\nGid:\t0\n"),
            uid_t{33});
}

TEST(ParseEffectiveUid, MissingOrCut_IsNothing) {
  EXPECT_EQ(parse_ns_pid("Tgid:\t9\nNSpid:\t9\t4\t1\nx:\t1\n"), 1);
  EXPECT_EQ(parse_ns_pid("NSpid:\t9\n"), 9);
  EXPECT_FALSE(parse_ns_pid("NSpid:\t\n"));
  EXPECT_FALSE(parse_ns_pid("Tgid:\t9\n"));
  EXPECT_FALSE(parse_effective_uid(""));
  EXPECT_FALSE(parse_effective_uid("Name:\tUid:\t1\t2\n"));
  EXPECT_FALSE(parse_effective_uid("Uid:\t1000"));
  EXPECT_FALSE(parse_effective_uid("Uid:\t1\tx\t1\t1\n"));
}

using Words = std::vector<std::string>;

TEST(ParseCmdline, Arguments_EmptyOnesInTheMiddleStay) {
  EXPECT_EQ(parse_cmdline("sh\0-c\0\0x y\0"sv), (Words{"sh", "-c", "", "x y"}));
}

TEST(ParseCmdline, TitleWrittenOverTheArguments) {
  EXPECT_EQ(parse_cmdline("nginx: master process\0\0\0\0\0"sv),
            (Words{"nginx: master process"}));
  EXPECT_EQ(parse_cmdline("sshd: root"sv), (Words{"sshd: root"}));
}

TEST(ParseCmdline, None_IsNothing) {
  EXPECT_FALSE(parse_cmdline(""));
  EXPECT_FALSE(parse_cmdline("\0\0"sv));
}

TEST(ParseCgroup, UnifiedLine) {
  EXPECT_EQ(parse_cgroup("0::/system.slice/nginx.service\n"),
            "/system.slice/nginx.service");
}

TEST(ParseCgroup, Hybrid_TakesSystemdsLineOnlyWhenItSaysMore) {
  EXPECT_EQ(
      parse_cgroup("9:name=systemd:/system.slice/a.service\n4:memory:/m\n0::/\n"),
      "/system.slice/a.service");
  EXPECT_EQ(parse_cgroup("9:name=systemd:/\n0::/docker/x\n"), "/docker/x");
  EXPECT_EQ(parse_cgroup("9:name=systemd:/\n0::/\n"), "/");
}

TEST(ParseCgroup, PathWithColon_IsWhole) {
  EXPECT_EQ(parse_cgroup("0::/a:b/c"), "/a:b/c");
}

TEST(ParseCgroup, OnlyOtherHierarchies_IsNothing) {
  EXPECT_FALSE(parse_cgroup("4:memory:/m\n"));
  EXPECT_FALSE(parse_cgroup(""));
  EXPECT_FALSE(parse_cgroup("0:\n0::\n::::"));
}

}  // namespace
}  // namespace portwatch
