// recorder.h - a real session and what it recorded in a namespace of its own.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/child.h"
#include "tests/support/fresh_netns.h"
#include "tests/support/sockets.h"
#include "userspace/source/bpf_session.h"
#include "userspace/source/event_decoder.h"
#include "userspace/source/kernel_picture.h"

namespace portwatch::test {

class HookTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = BpfSession::open(
        {ring_bytes(), pin_directory(), bind_results(), picture_size()});
    ASSERT_TRUE(opened) << opened.error().context;
    session_ = std::move(opened).value();
    session_->on_record([this](auto bytes) {
      const auto record = decode_record(bytes);
      ASSERT_TRUE(record) << "undecodable record";
      records_.push_back(*record);
    });
  }

  virtual std::size_t ring_bytes() const { return 1 << 20; }
  virtual std::size_t picture_size() const { return 65536; }
  virtual BindResults bind_results() const { return BindResults::automatic; }
  virtual std::string pin_directory() const { return ""; }

  // Socket events of our namespace since the last call, oldest first.
  std::vector<SocketEvent> take() {
    EXPECT_TRUE(session_->consume(1 << 20));
    std::vector<SocketEvent> ours;
    for (const Record& record : records_) {
      const auto* event = std::get_if<SocketEvent>(&record.event);
      if (event != nullptr && event->socket.netns == netns_.inode()) {
        ours.push_back(*event);
      }
    }
    records_.clear();
    return ours;
  }

  // Process events about `pid` since the last call of either.
  std::vector<ProcessEvent> take_about(pid_t pid) {
    EXPECT_TRUE(session_->consume(1 << 20));
    std::vector<ProcessEvent> found;
    for (const Record& record : records_) {
      const auto* event = std::get_if<ProcessEvent>(&record.event);
      if (event != nullptr && event->task.id.pid == pid) {
        found.push_back(*event);
      }
    }
    records_.clear();
    return found;
  }

  // Failures of our namespace since the last call of any of these.
  std::vector<FailureEvent> take_failures() {
    EXPECT_TRUE(session_->consume(1 << 20));
    std::vector<FailureEvent> ours;
    for (const Record& record : records_) {
      const auto* event = std::get_if<FailureEvent>(&record.event);
      if (event != nullptr && event->socket.netns == netns_.inode()) {
        ours.push_back(*event);
      }
    }
    records_.clear();
    return ours;
  }

  // Socket events and failures of our namespace, in their order.
  std::vector<KernelEvent> take_all() {
    EXPECT_TRUE(session_->consume(1 << 20));
    std::vector<KernelEvent> ours;
    for (const Record& record : records_) {
      const auto* socket = std::get_if<SocketEvent>(&record.event);
      const auto* failure = std::get_if<FailureEvent>(&record.event);
      if ((socket != nullptr && socket->socket.netns == netns_.inode()) ||
          (failure != nullptr && failure->socket.netns == netns_.inode())) {
        ours.push_back(record.event);
      }
    }
    records_.clear();
    return ours;
  }

  // System calls that began and whose result nobody has seen yet.
  std::size_t calls_in_flight() const;

  FreshNetns netns_;
  std::unique_ptr<BpfSession> session_;
  std::vector<Record> records_;
};

}  // namespace portwatch::test
