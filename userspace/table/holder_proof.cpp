#include "userspace/table/holder_proof.h"

#include <algorithm>
#include <utility>

namespace portwatch {
namespace {

using SocketKey = std::pair<std::uint64_t, std::uint64_t>;  // id, else inode
using Slot = std::pair<std::uint64_t, int>;

struct Group {
  SocketHolders holders;
  std::set<Slot> slots;
};

void add(Group& group, const HolderFacts& one) {
  SocketHolders& holders = group.holders;
  const bool first = group.slots.empty();
  holders.facts = one.socket;
  holders.references = std::max(holders.references, one.references);
  holders.waiters = first ? one.waiters : std::min(holders.waiters, one.waiters);
  group.slots.emplace(one.slot.files, one.slot.fd);
  auto& holder = holders.holders[one.task.id];
  holder.task = one.task;
  auto& numbers = holder.fds;
  const auto place = std::lower_bound(numbers.begin(), numbers.end(), one.slot.fd);
  if (place == numbers.end() || *place != one.slot.fd) {
    numbers.insert(place, one.slot.fd);
  }
}

}  // namespace

std::vector<SocketHolders> group_by_socket(std::span<const HolderFacts> found) {
  std::map<SocketKey, Group> groups;
  for (const HolderFacts& one : found) {
    const SocketKey key = one.socket.id != 0 ? SocketKey{one.socket.id, 0}
                                             : SocketKey{0, one.socket.inode};
    add(groups[key], one);
  }
  std::vector<SocketHolders> all;
  for (auto& [key, group] : groups) {
    group.holders.slots = group.slots.size();
    all.push_back(std::move(group.holders));
  }
  return all;
}

}  // namespace portwatch
