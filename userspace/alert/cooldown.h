// cooldown.h - what a hook was told about lately.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "userspace/base/clock.h"
#include "userspace/model/change.h"

namespace portwatch {

class Cooldown {
 public:
  // What is the same thing happening again: type, namespace, protocol, port and
  // subject.
  using Key = std::tuple<ChangeType, std::uint32_t, std::optional<Protocol>, Port,
                         std::string>;
  static Key key_of(const Change& change);
  // Beyond it the oldest is forgotten, and so may be told again too early.
  static constexpr std::size_t kMaxKeys = 4096;

  // 0: nothing is ever held back.
  explicit Cooldown(std::chrono::milliseconds span) : span_(span) {}

  // Whether `key` was told less than the span ago.
  bool holds_back(const Key& key, BootTime now);
  void told(const Key& key, BootTime now);

 private:
  std::chrono::milliseconds span_;
  std::set<Key> keys_;
  std::deque<std::pair<BootTime, Key>> order_;  // oldest first
};

}  // namespace portwatch
