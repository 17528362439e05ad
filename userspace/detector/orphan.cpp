#include "userspace/detector/orphan.h"

#include <algorithm>
#include <utility>

namespace portwatch {
namespace {

bool is_in_service(const Process& process) {
  return process.unit && process.unit->ends_with(".service");
}

std::optional<ProcessId> mortal_parent(const Process& process) {
  if (process.ppid.value_or(0) <= 1 || process.parent_start_ticks == 0) {
    return std::nullopt;
  }
  return ProcessId{*process.ppid, process.parent_start_ticks};
}

// Ids of processes are not kept, and each daemon measures anew how far the wall
// clock is from the boot clock.
bool is_same_start(const Process& then, const Process& now) {
  constexpr std::chrono::seconds kClocksApart{1};
  return then.id.pid == now.id.pid && then.start_time && now.start_time &&
         std::chrono::abs(*then.start_time - *now.start_time) < kClocksApart;
}

const Process* same_of(const Binding& binding, const Process& then) {
  if (binding.creator && is_same_start(then, *binding.creator)) {
    return &*binding.creator;
  }
  if (!binding.holders) {
    return nullptr;
  }
  const auto same = std::find_if(
      binding.holders->begin(), binding.holders->end(),
      [&](const Process& holder) { return is_same_start(then, holder); });
  return same == binding.holders->end() ? nullptr : &*same;
}

void mark_orphan(Process& process) { process.orphan = true; }

bool left_on_purpose(const ProcessEnd& end, BootTime taken, BootTime now) {
  return end.status && end.status->code == 0 &&
         now - taken <= OrphanDetector::kDaemonStart;
}

}  // namespace

void OrphanDetector::observe(const Change& change, const Moment& now,
                             std::vector<Change>& out) {
  advance(now, out);
  if (!change.binding) {
    return;
  }
  if (change.type == ChangeType::bind || change.type == ChangeType::listen) {
    take(*change.binding, now);
  } else if (change.type == ChangeType::release) {
    drop(change.binding->id);
  }
}

void OrphanDetector::take(const Binding& binding, const Moment& now) {
  if (Held* known = held_.find(binding.id)) {
    known->binding = binding;  // it listens now
    return;
  }
  const SharedProcess owner = owner_of(binding);
  if (!owner || is_in_service(*owner) || looks_automatic(binding, automatic_)) {
    return;
  }
  const auto parent = mortal_parent(*owner);
  if (!parent) {
    return;
  }
  if (held_.full()) {
    drop(held_.oldest()->first);
  }
  Held& held = held_.touch(binding.id);
  held.binding = binding;
  held.owner = owner;
  held.place = {owner->id, port_key(binding)};
  held.since = now.boot;
  groups_[held.place].ids.insert(binding.id);
  by_parent_[*parent].insert(binding.id);
}

void OrphanDetector::resume(const Change& alert,
                            const std::vector<Binding>& there) {
  for (const Binding& binding : there) {
    if (port_key(binding) != port_key(*alert.binding) || held_.full() ||
        held_.find(binding.id) != nullptr) {
      continue;
    }
    const Process* owner = same_of(binding, *alert.process);
    if (owner == nullptr) {
      continue;
    }
    Held& held = held_.touch(binding.id);
    held.binding = binding;
    held.owner = *owner;
    held.owner.edit(mark_orphan);
    held.place = {owner->id, port_key(binding)};
    held.dead_parent = alert.previous ? alert.previous : Process{};
    Group& group = groups_[held.place];
    group.ids.insert(binding.id);
    group.told = alert.time;
  }
}

void OrphanDetector::drop(const Id& id) {
  const Held* held = held_.find(id);
  if (held == nullptr) {
    return;
  }
  const auto group = groups_.find(held->place);
  group->second.ids.erase(id);
  if (group->second.ids.empty()) {
    groups_.erase(group);
  }
  const auto parent = mortal_parent(*held->owner);
  const auto siblings = parent ? by_parent_.find(*parent) : by_parent_.end();
  if (siblings != by_parent_.end()) {  // else of a resumed one
    siblings->second.erase(id);
    if (siblings->second.empty()) {
      by_parent_.erase(siblings);
    }
  }
  settling_.erase(id);
  held_.erase(id);  // the last: `id` may be its key
}

std::vector<OrphanDetector::Id> OrphanDetector::owned_by(
    const ProcessId& process) const {
  std::vector<Id> ids;
  for (auto at = groups_.lower_bound({process, PortKey{}});
       at != groups_.end() && at->first.owner == process; ++at) {
    ids.insert(ids.end(), at->second.ids.begin(), at->second.ids.end());
  }
  return ids;
}

void OrphanDetector::observe(const ProcessEnd& end, const Moment& now,
                             std::vector<Change>& out) {
  advance(now, out);
  for (const Id& id : owned_by(end.process.id)) {
    drop(id);
  }
  const auto children = by_parent_.find(end.process.id);
  if (children == by_parent_.end()) {
    return;
  }
  const std::set<Id> ids = children->second;
  for (const Id& id : ids) {
    on_parent_end(id, end, now);
  }
}

void OrphanDetector::on_parent_end(const Id& id, const ProcessEnd& end,
                                   const Moment& now) {
  Held& held = *held_.find(id);
  if (left_on_purpose(end, held.since, now.boot)) {
    drop(id);
    return;
  }
  held.dead_parent = end.process;
  held.owner.edit(mark_orphan);
  settling_.touch(id) = now.boot;
}

void OrphanDetector::advance(const Moment& now, std::vector<Change>& out) {
  while (settling_.oldest() != nullptr &&
         now.boot - settling_.oldest()->second >= kSettle) {
    const Held& held = *held_.find(settling_.oldest()->first);
    settling_.erase(settling_.oldest()->first);
    Group& group = groups_.at(held.place);
    if (!group.told) {
      group.told = now.wall;
      out.push_back(told_of(held, now.wall));
    }
  }
}

Change OrphanDetector::told_of(const Held& held, WallTime time) const {
  Change change;
  change.type = ChangeType::orphan;
  change.time = time;
  change.binding = held.binding;
  change.process = held.owner;
  change.previous = held.dead_parent;
  return change;
}

std::optional<BootTime> OrphanDetector::deadline() const {
  if (settling_.oldest() == nullptr) {
    return std::nullopt;
  }
  return settling_.oldest()->second + kSettle;
}

bool OrphanDetector::is_orphan(const ProcessId& process) const {
  const auto ids = owned_by(process);
  return std::any_of(ids.begin(), ids.end(), [&](const Id& id) {
    return static_cast<bool>(held_.find(id)->dead_parent);
  });
}

std::vector<Change> OrphanDetector::orphans() const {
  std::vector<Change> all;
  for (const auto& [place, group] : groups_) {
    if (group.told) {
      all.push_back(told_of(*held_.find(*group.ids.begin()), *group.told));
    }
  }
  return all;
}

}  // namespace portwatch
