// picture.h - hooks, and the picture that the kernel gives of itself beside them.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "tests/bpf/recorder.h"
#include "userspace/source/kernel_picture.h"
#include "userspace/table/holder_proof.h"

namespace portwatch::test {

class Picture : public HookTest {
 protected:
  void SetUp() override {
    HookTest::SetUp();
    auto made = KernelPicture::make(*session_);
    ASSERT_TRUE(made) << made.error().context;
    picture_ = std::move(made).value();
  }

  std::vector<SocketEntry> on(Port port) {
    auto entries = picture_->sockets(port);
    EXPECT_TRUE(entries);
    std::erase_if(*entries, [this](const SocketEntry& entry) {
      return entry.socket.netns != netns_.inode();
    });
    return std::move(entries).value();
  }

  // The one socket on `port` that `look` shows; fails unless it is one.
  SocketHolders only(Result<std::vector<HolderFacts>> look, Port port) {
    EXPECT_TRUE(look);
    auto groups = group_by_socket(*look);
    std::erase_if(groups, [this](const SocketHolders& one) {
      return one.facts.netns != netns_.inode();
    });
    EXPECT_EQ(groups.size(), 1u) << "on port " << port;
    return groups.empty() ? SocketHolders{} : groups[0];
  }

  std::unique_ptr<KernelPicture> picture_;
};

}  // namespace portwatch::test
