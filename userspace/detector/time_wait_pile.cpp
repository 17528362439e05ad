#include "userspace/detector/time_wait_pile.h"

#include <algorithm>
#include <utility>

namespace portwatch {
namespace {

bool is_closing(const Binding& binding) {
  return binding.state == SocketState::closing;
}

}  // namespace

void TimeWaitPile::observe(const Change& change, const Moment& now,
                           std::vector<Change>& out) {
  if (change.type != ChangeType::bind_failed || !change.failure ||
      !change.failure->blockers) {
    return;
  }
  const std::vector<Binding>& blockers = *change.failure->blockers;
  const auto count = static_cast<std::size_t>(
      std::count_if(blockers.begin(), blockers.end(), is_closing));
  const PortKey key = port_key(*change.failure);
  if (count <= options_.threshold) {
    told_.erase(key);
    return;
  }
  const BootTime* before = told_.find(key);
  if (before != nullptr && now.boot - *before < kRemind) {
    return;
  }
  told_.touch(key) = now.boot;
  Change told;
  told.type = ChangeType::time_wait_pile;
  told.time = now.wall;
  told.binding = *std::find_if(blockers.begin(), blockers.end(), is_closing);
  told.count = count;
  out.push_back(std::move(told));
}

}  // namespace portwatch
