#include "cli/group.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace portwatch::cli {
namespace {

bool is_transient(const Binding& binding) {
  return binding.state == SocketState::connected ||
         binding.state == SocketState::closing;
}

// From the daemon a start comes as a time, from our own look as ticks too.
using Identity = std::pair<ProcessId, std::optional<WallTime>>;

std::set<Identity> ids_of(const Binding& binding) {
  std::set<Identity> ids;
  if (binding.holders) {
    for (const Process& holder : *binding.holders) {
      ids.emplace(holder.id, holder.start_time);
    }
  }
  return ids;
}

bool same_place(const Binding& a, const Binding& b) {
  return std::tie(a.netns, a.endpoint.port) == std::tie(b.netns, b.endpoint.port) &&
         (covers(a.endpoint.protocol, b.endpoint.protocol) ||
          covers(b.endpoint.protocol, a.endpoint.protocol));
}

bool same_story(const Binding& a, const Binding& b) {
  return same_place(a, b) && a.endpoint.protocol == b.endpoint.protocol &&
         a.state == b.state && a.held_by == b.held_by &&
         a.holders.has_value() == b.holders.has_value() && ids_of(a) == ids_of(b);
}

void add_fds(Process& process, const Process& same) {
  if (!same.fds) {
    return;
  }
  if (!process.fds) {
    process.fds = same.fds;
    return;
  }
  std::vector<int>& fds = *process.fds;
  fds.insert(fds.end(), same.fds->begin(), same.fds->end());
  std::sort(fds.begin(), fds.end());
  fds.erase(std::unique(fds.begin(), fds.end()), fds.end());
}

void add_holders(Group& group, const Binding& binding) {
  if (!binding.holders) {
    return;
  }
  for (const Process& holder : *binding.holders) {
    const auto known =
        std::find_if(group.holders.begin(), group.holders.end(),
                     [&](const Process& p) { return is_same_process(p, holder); });
    if (known == group.holders.end()) {
      group.holders.push_back(holder);
    } else {
      add_fds(*known, holder);
    }
  }
}

void put_leader_first(std::vector<Process>& holders) {
  std::set<pid_t> pids;
  for (const Process& holder : holders) {
    pids.insert(holder.id.pid);
  }
  const auto rank = [&](const Process& p) {
    const bool child = p.ppid && *p.ppid != 1 && pids.count(*p.ppid) != 0;
    return std::make_tuple(p.id.pid == 1, child, p.start_time, p.id.pid);
  };
  std::sort(holders.begin(), holders.end(),
            [&](const Process& a, const Process& b) { return rank(a) < rank(b); });
}

// A connection of the group's own: none but its holders, or no process at all.
bool belongs_to(const Binding& binding, const Group& group) {
  if (!same_place(binding, group.first())) {
    return false;
  }
  if (binding.state == SocketState::closing && binding.held_by == HeldBy::nobody) {
    return true;
  }
  const auto ids = ids_of(binding);
  const auto known = ids_of(group.first());
  return !ids.empty() &&
         std::includes(known.begin(), known.end(), ids.begin(), ids.end());
}

bool fold_in(std::vector<Group>& groups, const Binding& binding) {
  const auto home =
      std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
        return !is_transient(group.first()) && belongs_to(binding, group);
      });
  if (home == groups.end()) {
    return false;
  }
  ++(binding.state == SocketState::closing ? home->closing : home->connected);
  return true;
}

void add_to_groups(std::vector<Group>& groups, const Binding& binding) {
  const auto same = std::find_if(
      groups.begin(), groups.end(),
      [&](const Group& group) { return same_story(group.first(), binding); });
  Group& group = same == groups.end() ? groups.emplace_back() : *same;
  group.bindings.push_back(&binding);
  add_holders(group, binding);
}

// By the first socket on their port, in the order of the answer.
void sort_by_port(std::vector<Group>& groups, const Answer& answer) {
  std::map<std::pair<std::uint32_t, Port>, std::size_t> places;
  for (const Binding& binding : answer.bindings) {
    places.emplace(std::make_pair(binding.netns, binding.endpoint.port),
                   places.size());
  }
  const auto place = [&](const Group& group) {
    return places[{group.first().netns, group.first().endpoint.port}];
  };
  std::stable_sort(
      groups.begin(), groups.end(),
      [&](const Group& a, const Group& b) { return place(a) < place(b); });
}

}  // namespace

bool is_same_process(const Process& a, const Process& b) {
  constexpr std::chrono::milliseconds kTolerance{100};
  if (a.id.pid != b.id.pid) {
    return false;
  }
  if (a.id.start_ticks != 0 && b.id.start_ticks != 0) {
    return a.id.start_ticks == b.id.start_ticks;
  }
  return !a.start_time || !b.start_time ||
         std::chrono::abs(*a.start_time - *b.start_time) <= kTolerance;
}

std::vector<Group> group_bindings(const Answer& answer) {
  std::vector<Group> groups;
  for (const Binding& binding : answer.bindings) {
    if (!is_transient(binding)) {
      add_to_groups(groups, binding);
    }
  }
  for (const Binding& binding : answer.bindings) {
    if (is_transient(binding) && !fold_in(groups, binding)) {
      add_to_groups(groups, binding);
    }
  }
  for (Group& group : groups) {
    put_leader_first(group.holders);
  }
  sort_by_port(groups, answer);
  return groups;
}

}  // namespace portwatch::cli
