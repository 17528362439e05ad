#include "userspace/base/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>

#include <vector>

namespace portwatch {
namespace {

using std::chrono::milliseconds;

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    in.reset(ends[1]);
    out.reset(ends[0]);
  }
  void fill() const { EXPECT_EQ(write(in.get(), "x", 1), 1); }
  UniqueFd in;
  UniqueFd out;
};

class EventLoopTest : public testing::Test {
 protected:
  EventLoopTest() : loop_(std::move(EventLoop::make()).value()) {}
  std::unique_ptr<EventLoop> loop_;
};

TEST_F(EventLoopTest, ReadableDescriptor_CallsBack) {
  const Pipe pipe;
  pipe.fill();
  std::uint32_t seen = 0;
  ASSERT_TRUE(loop_->add(pipe.out.get(), EPOLLIN, [&](std::uint32_t events) {
    seen = events;
    loop_->stop();
  }));
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(seen, EPOLLIN);
}

TEST_F(EventLoopTest, SameDescriptorTwice_IsAnError) {
  const Pipe pipe;
  ASSERT_TRUE(loop_->add(pipe.out.get(), EPOLLIN, [](std::uint32_t) {}));
  EXPECT_FALSE(loop_->add(pipe.out.get(), EPOLLIN, [](std::uint32_t) {}));
}

TEST_F(EventLoopTest, CallbackThatRemovesItself_IsNotCalledAgain) {
  const Pipe pipe;
  pipe.fill();
  int calls = 0;
  ASSERT_TRUE(loop_->add(pipe.out.get(), EPOLLIN, [&](std::uint32_t) {
    ++calls;
    loop_->remove(pipe.out.get());
    loop_->after(milliseconds(1), [&] { loop_->stop(); });
  }));
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, CallbackThatRemovesAnother_KeepsItFromBeingCalled) {
  const Pipe a;
  const Pipe b;
  a.fill();
  b.fill();
  int calls = 0;
  const auto remove_both = [&](std::uint32_t) {
    ++calls;
    loop_->remove(a.out.get());
    loop_->remove(b.out.get());
    loop_->after(milliseconds(1), [&] { loop_->stop(); });
  };
  ASSERT_TRUE(loop_->add(a.out.get(), EPOLLIN, remove_both));
  ASSERT_TRUE(loop_->add(b.out.get(), EPOLLIN, remove_both));
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, ChangedInterest_IsObeyed) {
  const Pipe pipe;
  pipe.fill();
  std::uint32_t seen = 0;
  ASSERT_TRUE(loop_->add(pipe.in.get(), 0, [&](std::uint32_t events) {
    seen = events;
    loop_->stop();
  }));
  ASSERT_TRUE(loop_->change(pipe.in.get(), EPOLLOUT));
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(seen, EPOLLOUT);
}

TEST_F(EventLoopTest, Timers_FireOnceInOrderOfTheirDeadlines) {
  std::vector<int> order;
  loop_->after(milliseconds(4), [&] {
    order.push_back(2);
    loop_->stop();
  });
  loop_->after(milliseconds(1), [&] { order.push_back(1); });
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, milliseconds(4));
}

TEST_F(EventLoopTest, CancelledTimer_NeverFires) {
  bool fired = false;
  const auto id = loop_->after(milliseconds(1), [&] { fired = true; });
  loop_->after(milliseconds(3), [&] { loop_->stop(); });
  loop_->cancel(id);
  loop_->cancel(id);  // a spent one is ignored
  ASSERT_TRUE(loop_->run());
  EXPECT_FALSE(fired);
}

}  // namespace
}  // namespace portwatch
