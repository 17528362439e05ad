#include "userspace/table/holder_proof.h"

#include <algorithm>
#include <utility>

namespace portwatch {
namespace {

using SocketKey = std::pair<std::uint64_t, std::uint64_t>;  // id, else inode
using Slot = std::pair<std::uint64_t, int>;

// Who uses one descriptor table: as many tasks as the kernel counts, and the
// threads of each process that was found.
struct Table {
  std::uint32_t sharers = 0;
  std::map<ProcessId, std::uint32_t> threads;

  bool has_others() const {
    std::uint32_t found = 0;
    for (const auto& [process, count] : threads) {
      found += count;
    }
    return found < sharers;
  }
};

struct Group {
  SocketHolders holders;
  std::set<Slot> slots;
  std::map<std::uint64_t, Table> tables;
};

void add(Group& group, const HolderFacts& one) {
  SocketHolders& holders = group.holders;
  const bool first = group.slots.empty();
  holders.facts = one.socket;
  holders.references = std::max(holders.references, one.references);
  holders.waiters = first ? one.waiters : std::min(holders.waiters, one.waiters);
  group.slots.emplace(one.slot.files, one.slot.fd);
  Table& table = group.tables[one.slot.files];
  table.sharers = std::max(table.sharers, one.sharers);
  table.threads[one.task.id] = one.threads;
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
    group.holders.shared_unseen =
        std::any_of(group.tables.begin(), group.tables.end(),
                    [](const auto& table) { return table.second.has_others(); });
    all.push_back(std::move(group.holders));
  }
  return all;
}

}  // namespace portwatch
