// fresh_netns.h - a network namespace of one's own for one test, lo up.
#pragma once

#include <cstdint>

#include "userspace/base/unique_fd.h"

namespace portwatch::test {

// Enters a new network namespace on construction and goes back on destruction.
// Throws std::system_error without CAP_SYS_ADMIN: such a test must not pass.
class FreshNetns {
 public:
  FreshNetns();
  ~FreshNetns();
  FreshNetns(const FreshNetns&) = delete;
  FreshNetns& operator=(const FreshNetns&) = delete;

  std::uint32_t inode() const { return inode_; }

 private:
  UniqueFd home_;
  std::uint32_t inode_ = 0;
};

}  // namespace portwatch::test
