#include "fallback/poll_source.h"

#include <gtest/gtest.h>

namespace portwatch {
namespace {

class StillClock final : public Clock {
 public:
  BootTime boot_now() const override { return std::chrono::seconds(1); }
  WallTime wall_now() const override { return WallTime(std::chrono::seconds(9)); }
};

class FakeReader final : public SnapshotReader {
 public:
  Source source() const override { return Source::procfs; }
  Result<Answer> read(const Question& question) override {
    asked_for_holders = question.holders;
    if (broken) {
      return Error{Errc::io, "no look"};
    }
    Answer answer;
    answer.source = Source::procfs;
    answer.confidence = Confidence::snapshot;
    answer.bindings = bindings;
    for (const Missing& gap : gaps) {
      answer.miss(gap);
    }
    return answer;
  }

  std::vector<Binding> bindings;
  std::vector<Missing> gaps;
  bool broken = false;
  bool asked_for_holders = true;
};

Binding binding(const std::string& id, Port port, SocketState state) {
  Binding made;
  made.id = id;
  made.endpoint.port = port;
  made.state = state;
  return made;
}

class PollSourceTest : public testing::Test {
 protected:
  // "release 1-7:80" and so on.
  std::vector<std::string> poll() {
    const auto changes = source_.poll();
    EXPECT_TRUE(changes);
    std::vector<std::string> text;
    for (const Change& change : *changes) {
      text.push_back(std::string(to_string(change.type)) + " " +
                     change.binding->id + ":" +
                     std::to_string(change.binding->endpoint.port));
    }
    return text;
  }

  using Text = std::vector<std::string>;
  StillClock clock_;
  FakeReader reader_;
  PollSource source_{reader_, clock_};
};

TEST_F(PollSourceTest, FirstLook_TellsNothing) {
  reader_.bindings = {binding("a", 80, SocketState::listening)};
  EXPECT_EQ(poll(), Text{});
  EXPECT_EQ(source_.size(), 1u);
  EXPECT_FALSE(reader_.asked_for_holders);
}

TEST_F(PollSourceTest, NewListener_BindsThenListens) {
  poll();
  reader_.bindings = {binding("a", 80, SocketState::listening),
                      binding("b", 53, SocketState::bound)};
  EXPECT_EQ(poll(), (Text{"bind a:80", "bind b:53", "listen a:80"}));
  EXPECT_EQ(poll(), Text{}) << "told once";
}

TEST_F(PollSourceTest, BoundSocketThatListens_OnlyListens) {
  reader_.bindings = {binding("a", 80, SocketState::bound)};
  poll();
  reader_.bindings = {binding("a", 80, SocketState::listening)};
  EXPECT_EQ(poll(), Text{"listen a:80"});
}

TEST_F(PollSourceTest, SocketThatIsGone_Releases) {
  reader_.bindings = {binding("a", 80, SocketState::listening)};
  poll();
  reader_.bindings = {};
  const auto changes = source_.poll();
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 1u);
  const Change& change = changes->front();
  EXPECT_EQ(change.type, ChangeType::release);
  EXPECT_TRUE(change.reconstructed);
  EXPECT_EQ(change.time, clock_.wall_now());
  EXPECT_EQ(change.binding->until, clock_.wall_now());
  EXPECT_EQ(change.binding->holders, std::vector<Process>{});
}

TEST_F(PollSourceTest, OtherPort_IsReleaseThenBind) {
  reader_.bindings = {binding("a", 80, SocketState::listening)};
  poll();
  reader_.bindings = {binding("a", 81, SocketState::listening)};
  EXPECT_EQ(poll(), (Text{"release a:80", "bind a:81", "listen a:81"}));
}

TEST_F(PollSourceTest, FailedLook_ChangesNothing) {
  reader_.bindings = {binding("a", 80, SocketState::listening)};
  poll();
  reader_.broken = true;
  EXPECT_FALSE(source_.poll());
  reader_.broken = false;
  EXPECT_EQ(poll(), Text{});
}

// Sockets that a look could not see have not been let go.
TEST_F(PollSourceTest, LookWithANewGap_ReleasesNothing) {
  reader_.bindings = {binding("a", 80, SocketState::listening)};
  poll();
  reader_.gaps = {{"sockets", "the list changed whenever it was read"}};
  reader_.bindings = {};
  EXPECT_EQ(poll(), Text{});
  reader_.gaps = {};
  reader_.bindings = {binding("a", 80, SocketState::listening)};
  EXPECT_EQ(poll(), Text{});
  reader_.bindings = {};
  EXPECT_EQ(poll(), Text{"release a:80"});
}

TEST_F(PollSourceTest, GapThatStays_DoesNotHideReleases) {
  reader_.gaps = {{"namespaces", "others are not visible"}};
  reader_.bindings = {binding("a", 80, SocketState::listening)};
  poll();
  reader_.bindings = {};
  EXPECT_EQ(poll(), Text{"release a:80"});
}

}  // namespace
}  // namespace portwatch
