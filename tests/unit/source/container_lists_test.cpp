// When a runtime is asked, and what becomes of its answers, well or not.
#include "userspace/source/container_lists.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_runtime.h"
#include "tests/support/temp_dir.h"

namespace portwatch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Asking = ContainerLists::Asking;
using Older = ContainerLists::Older;

const std::string kWeb(64, 'a');
const std::string kDb(64, 'b');

class HandClock final : public Clock {
 public:
  BootTime boot_now() const override { return now; }
  WallTime wall_now() const override { return WallTime(); }
  BootTime now = seconds(1000);
};

class ContainerListsTest : public ::testing::Test {
 protected:
  ContainerListsTest() { restart(Asking::in_place); }

  void restart(Asking asking) {
    lists_ = std::make_unique<ContainerLists>(
        clock_, asking, RuntimeSockets{{"docker", {directory_ / "no", path_}}},
        [this](const std::string& why) {
          const std::lock_guard lock(mutex_);
          complaints_.push_back(why);
        });
  }
  static std::string list_of(const std::string& id, const std::string& name) {
    return "[" + test::container_json(id, name, "172.17.0.2", 8080, 80) + "]";
  }
  std::optional<std::string> name_of(const std::string& id) {
    const auto found = find(id, BootTime{0}, Older::will_do);
    return found ? found->name : std::nullopt;
  }
  std::optional<RuntimeContainer> find(const std::string& id, BootTime since,
                                       Older older) {
    return lists_->find(
        "docker", [&](const RuntimeContainer& one) { return one.id == id; }, since,
        older);
  }
  std::string complaint() {
    const std::lock_guard lock(mutex_);
    return complaints_.empty() ? "" : complaints_.back();
  }

  HandClock clock_;
  const test::TempDir directory_;
  const std::string path_ = directory_ / "s";
  std::mutex mutex_;
  std::vector<std::string> complaints_;
  std::unique_ptr<ContainerLists> lists_;
};

TEST_F(ContainerListsTest, KnownOnes_AreNotAskedForAgainUntilTheyAreOld) {
  test::FakeRuntime runtime(path_, list_of(kWeb, "web"));
  EXPECT_EQ(name_of(kWeb), "web");
  EXPECT_EQ(runtime.last_request(), "GET /containers/json HTTP/1.1");
  runtime.say(list_of(kWeb, "renamed"));
  clock_.now += seconds(59);
  EXPECT_EQ(name_of(kWeb), "web");
  EXPECT_EQ(runtime.requests(), 1u);
  clock_.now += seconds(1);
  EXPECT_EQ(name_of(kWeb), "renamed");
  EXPECT_EQ(runtime.requests(), 2u);
}

TEST_F(ContainerListsTest, UnknownOnes_AreLookedForAgainAfterSeconds) {
  test::FakeRuntime runtime(path_, list_of(kWeb, "web"));
  EXPECT_FALSE(name_of(kDb));
  clock_.now += milliseconds(2999);
  EXPECT_FALSE(name_of(kDb));
  EXPECT_EQ(runtime.requests(), 1u);
  runtime.say(list_of(kDb, "db"));
  clock_.now += milliseconds(1);
  EXPECT_EQ(name_of(kDb), "db");
}

TEST_F(ContainerListsTest, YoungOnes_AreLookedForSooner) {
  test::FakeRuntime runtime(path_, list_of(kWeb, "web"));
  const BootTime begun = clock_.now;
  EXPECT_FALSE(find(kDb, begun, Older::will_do));
  runtime.say(list_of(kDb, "db"));
  clock_.now += milliseconds(250);
  EXPECT_TRUE(find(kDb, begun, Older::will_do));
}

TEST_F(ContainerListsTest, AnOlderList_IsNotAboutAnAddressOfNow) {
  test::FakeRuntime runtime(path_, list_of(kWeb, "web"));
  EXPECT_TRUE(find(kWeb, clock_.now, Older::will_not_do));
  clock_.now += milliseconds(100);
  EXPECT_FALSE(find(kWeb, clock_.now, Older::will_not_do));
  EXPECT_TRUE(find(kWeb, clock_.now, Older::will_do));
  clock_.now += milliseconds(150);
  EXPECT_TRUE(find(kWeb, clock_.now, Older::will_not_do)) << "asked again";
}

TEST_F(ContainerListsTest, AListOfTheBeginning_IsCheckedSoon) {
  test::FakeRuntime runtime(path_, list_of(kWeb, "web"));
  const BootTime begun = clock_.now;
  EXPECT_TRUE(find(kWeb, begun, Older::will_not_do));
  clock_.now += seconds(3);
  EXPECT_TRUE(find(kWeb, begun, Older::will_not_do));
  EXPECT_EQ(runtime.requests(), 2u);
  clock_.now += seconds(3);
  EXPECT_TRUE(find(kWeb, begun, Older::will_not_do));
  EXPECT_EQ(runtime.requests(), 2u) << "that one is settled";
}

TEST_F(ContainerListsTest, NoRuntime_NothingIsKnownAndWhyIsSaid) {
  EXPECT_FALSE(name_of(kWeb));
  EXPECT_EQ(complaint(),
            "containers of docker are not known: there is no socket of docker");
  EXPECT_FALSE(lists_->find(
      "containerd", [](const auto&) { return true; }, {}, Older::will_do));
}

TEST_F(ContainerListsTest, NoSocketToAsk_NobodyIsAsked) {
  test::FakeRuntime runtime(path_, list_of(kWeb, "web"));
  lists_->set_sockets({{"docker", {}}});
  EXPECT_FALSE(name_of(kWeb));
  EXPECT_EQ(runtime.requests(), 0u);
  EXPECT_EQ(complaint(), "");
}

TEST_F(ContainerListsTest, AnswersThatAreNoGood_LeaveWhatWasKnown) {
  test::FakeRuntime runtime(path_, list_of(kWeb, "web"));
  EXPECT_EQ(name_of(kWeb), "web");
  const std::pair<std::string, std::string> answers[] = {
      {"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n[]", "HTTP status 500"},
      {"HTTP/1.1 301 No\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n",
       "HTTP status 301"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{", "is not JSON"},
      {"rubbish\r\n\r\n", "/s: "},
      {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[]", "/s: "}};
  for (const auto& [answer, why] : answers) {
    runtime.say_raw(answer);
    clock_.now += seconds(61);
    EXPECT_EQ(name_of(kWeb), "web");
    EXPECT_NE(complaint().find(why), std::string::npos) << complaint();
  }
}

TEST_F(ContainerListsTest, TooLongAnAnswer_IsRefused) {
  test::FakeRuntime runtime(path_, std::string((8 << 20) + 1, ' '));
  EXPECT_FALSE(name_of(kWeb));
  EXPECT_NE(complaint().find("the answer is too long"), std::string::npos);
}

TEST_F(ContainerListsTest, HangingRuntimeInPlace_IsGivenUpSoon) {
  test::FakeRuntime runtime(path_, "");
  runtime.hang();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_FALSE(name_of(kWeb));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(2));
  EXPECT_FALSE(name_of(kWeb));
  EXPECT_EQ(runtime.requests(), 1u) << "once is enough for one command";
}

TEST_F(ContainerListsTest, InTheBackground_NobodyWaits) {
  restart(Asking::background);
  test::FakeRuntime runtime(path_, list_of(kWeb, "web"));
  runtime.hang();
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(name_of(kWeb));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds(400));
  lists_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds(1900))
      << "an end does not wait for the runtime's";
}

TEST_F(ContainerListsTest, InTheBackground_TheNameComes) {
  restart(Asking::background);
  test::FakeRuntime runtime(path_, list_of(kWeb, "web"));
  EXPECT_FALSE(name_of(kWeb));
  const auto deadline = std::chrono::steady_clock::now() + seconds(10);
  while (!name_of(kWeb) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(name_of(kWeb), "web");
  EXPECT_EQ(runtime.requests(), 1u);
}

}  // namespace
}  // namespace portwatch
