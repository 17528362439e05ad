#include "userspace/table/port_table.h"

#include <algorithm>
#include <utility>

namespace portwatch {

PortTable::Entry* PortTable::find_entry(const SocketFacts& facts) {
  auto found = entries_.find(facts.id);
  if (found == entries_.end() && facts.mptcp) {
    const auto joined = mptcp_by_inode_.find(facts.inode);
    if (joined != mptcp_by_inode_.end()) {
      found = entries_.find(joined->second);
    }
  }
  return found == entries_.end() ? nullptr : &found->second;
}

const TrackedSocket* PortTable::same_socket(const SocketFacts& facts) const {
  const Entry* entry = const_cast<PortTable*>(this)->find_entry(facts);
  return entry == nullptr ? nullptr : &entry->socket;
}

std::vector<TrackedSocket> PortTable::find(Port port) const {
  std::vector<TrackedSocket> sockets;
  const auto found = by_port_.find(port);
  if (found != by_port_.end()) {
    for (const std::uint64_t id : found->second) {
      sockets.push_back(entries_.at(id).socket);
    }
  }
  return sockets;
}

std::vector<std::uint64_t> PortTable::ids() const {
  std::vector<std::uint64_t> all;
  all.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) {
    all.push_back(id);
  }
  return all;
}

const TrackedSocket* PortTable::find_id(std::uint64_t id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second.socket;
}

PortTable::Entry* PortTable::insert(const SocketFacts& facts) {
  if (entries_.size() >= max_sockets_) {
    ++refused_;
    return nullptr;
  }
  Entry& entry = entries_[facts.id];
  entry.socket.facts = facts;
  index(entry);
  return &entry;
}

void PortTable::index(const Entry& entry) {
  const SocketFacts& facts = entry.socket.facts;
  if (facts.endpoint.port != 0) {
    by_port_[facts.endpoint.port].insert(facts.id);
  }
  if (facts.mptcp && facts.inode != 0) {
    mptcp_by_inode_[facts.inode] = facts.id;
  }
}

void PortTable::unindex(const Entry& entry) {
  const SocketFacts& facts = entry.socket.facts;
  const auto port = by_port_.find(facts.endpoint.port);
  if (port != by_port_.end()) {
    port->second.erase(facts.id);
    if (port->second.empty()) {
      by_port_.erase(port);
    }
  }
  if (facts.mptcp) {
    mptcp_by_inode_.erase(facts.inode);
  }
}

// Takes the new facts under the canonical id; keeps an inode that the subflow
// of a closing MPTCP socket has lost already.
void PortTable::update(Entry& entry, SocketFacts facts) {
  facts.id = entry.socket.facts.id;
  if (facts.inode == 0) {
    facts.inode = entry.socket.facts.inode;
  }
  unindex(entry);
  entry.socket.facts = facts;
  index(entry);
}

void PortTable::erase(Entry& entry) {
  const std::uint64_t id = entry.socket.facts.id;
  set_holders(id, {});
  unindex(entry);
  entries_.erase(id);
}

void PortTable::add_candidate(Entry& entry, const ProcessId& process) {
  if (process.pid != 0) {
    entry.socket.candidates.insert(process);
    by_process_[process].insert(entry.socket.facts.id);
  }
}

void PortTable::set_holders(std::uint64_t id, const std::set<ProcessId>& holders) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) {
    return;
  }
  for (const ProcessId& process : found->second.socket.candidates) {
    const auto held = by_process_.find(process);
    if (held != by_process_.end()) {
      held->second.erase(id);
      if (held->second.empty()) {
        by_process_.erase(held);
      }
    }
  }
  found->second.socket.candidates.clear();
  for (const ProcessId& process : holders) {
    add_candidate(found->second, process);
  }
}

void PortTable::lose_port(Entry& entry, BootTime when, bool found,
                          Changes& changes) {
  if (entry.announced && entry.socket.facts.endpoint.port != 0) {
    changes.push_back({ChangeType::release, when, entry.socket, found});
  }
  entry.announced = false;
}

// `facts` hold a port; says so unless that was known.
void PortTable::take_port(Entry& entry, const SocketFacts& facts, BootTime when,
                          bool found, Changes& changes) {
  const Port before = entry.socket.facts.endpoint.port;
  if (entry.announced && before != facts.endpoint.port) {
    lose_port(entry, when, found, changes);
  }
  const SocketState state = entry.socket.facts.state;
  update(entry, facts);
  if (!entry.announced) {
    entry.announced = true;
    changes.push_back({ChangeType::bind, when, entry.socket, found});
    changes.back().socket.facts.state = SocketState::bound;
  } else if (state == SocketState::listening) {
    entry.socket.facts.state = state;
  }
}

void PortTable::start_listening(Entry& entry, const SocketFacts& facts,
                                BootTime when, bool found, Changes& changes) {
  const bool listened = entry.announced &&
                        entry.socket.facts.state == SocketState::listening &&
                        entry.socket.facts.endpoint.port == facts.endpoint.port;
  take_port(entry, facts, when, found, changes);
  entry.socket.facts.state = SocketState::listening;
  if (!listened) {
    changes.push_back({ChangeType::listen, when, entry.socket, found});
  }
}

// Nobody has it any more, and its sock lives on to say farewell. A picture shows
// that of MPTCP only: the release is told of the MPTCP socket, long before the
// end of the subflow that is tracked.
bool PortTable::is_orphan(const Entry& entry, const SocketFacts& facts) {
  return facts.inode == 0 &&
         (entry.socket.facts.inode != 0 || !takes_a_port(facts));
}

PortTable::Changes PortTable::apply(const SocketEvent& event) {
  Changes changes;
  switch (event.kind) {
    case SocketEvent::Kind::bind:
    case SocketEvent::Kind::listen:
      on_bind(event, changes);
      break;
    case SocketEvent::Kind::unlisten:
      on_unlisten(event, changes);
      break;
    case SocketEvent::Kind::release:
    case SocketEvent::Kind::destroy:
      on_release(event, changes);
      break;
    case SocketEvent::Kind::connect:
      on_connect(event);
      break;
  }
  return changes;
}

// The entry of a socket that did something, made if need be. Null: it does not
// fit, or a picture that is younger than the event has shown that it is gone (its
// release was lost, or comes still).
PortTable::Entry* PortTable::entry_of(const SocketEvent& event) {
  Entry* entry = find_entry(event.socket);
  return entry != nullptr || event.when <= resynced_ ? entry : insert(event.socket);
}

void PortTable::on_bind(const SocketEvent& event, Changes& changes) {
  Entry* entry = entry_of(event);
  if (entry == nullptr) {
    return;
  }
  const bool took_it = event.kind == SocketEvent::Kind::bind || !entry->announced;
  if (took_it && event.when > entry->touched) {
    entry->socket.since = event.when;
    entry->socket.creator = describe_(event.task);
  }
  add_candidate(*entry, event.task.id);
  entry->touched = std::max(entry->touched, event.when);
  if (event.kind == SocketEvent::Kind::listen) {
    start_listening(*entry, event.socket, event.when, false, changes);
  } else {
    take_port(*entry, event.socket, event.when, false, changes);
  }
}

void PortTable::on_unlisten(const SocketEvent& event, Changes& changes) {
  Entry* entry = find_entry(event.socket);
  if (entry == nullptr || event.when < entry->touched) {
    return;
  }
  entry->touched = event.when;
  SocketFacts facts = entry->socket.facts;
  if (!event.socket.locked) {
    lose_port(*entry, event.when, false, changes);
    facts.endpoint.port = 0;
  }
  facts.state = SocketState::bound;
  update(*entry, facts);
}

void PortTable::on_release(const SocketEvent& event, Changes& changes) {
  Entry* entry = find_entry(event.socket);
  if (entry != nullptr) {
    lose_port(*entry, event.when, false, changes);
    erase(*entry);
  }
}

void PortTable::on_connect(const SocketEvent& event) {
  Entry* entry = entry_of(event);
  if (entry == nullptr) {
    return;
  }
  if (event.socket.endpoint.port == 0 && event.when > entry->touched) {
    entry->socket.since = event.when;  // it takes one a moment from now
    entry->socket.creator = describe_(event.task);
  }
  entry->touched = std::max(entry->touched, event.when);
  add_candidate(*entry, event.task.id);
}

void PortTable::apply(const ProcessEvent& event) {
  const auto found = by_process_.find(event.task.id);
  if (found == by_process_.end()) {
    return;
  }
  const std::set<std::uint64_t> ids = found->second;
  for (const std::uint64_t id : ids) {
    Entry& entry = entries_.at(id);
    if (event.kind == ProcessEvent::Kind::fork) {
      add_candidate(entry, event.child);
    } else {  // exit, or exec: see process.bpf.c
      entry.socket.candidates.erase(event.task.id);
    }
  }
  if (event.kind != ProcessEvent::Kind::fork) {
    by_process_.erase(event.task.id);
  }
}

// The element in the kernel knows who took the port that the socket holds now.
void PortTable::learn_past(Entry& entry, const SocketEntry& live) {
  if (!live.since || live.since <= entry.socket.since) {
    return;
  }
  entry.socket.since = live.since;
  entry.socket.creator.reset();
  if (live.creator) {
    entry.socket.creator = describe_(*live.creator);
    add_candidate(entry, live.creator->id);
  }
}

PortTable::Changes PortTable::adopt(const SocketEntry& live, BootTime when) {
  Changes changes;
  reconcile(live, when, changes);
  return changes;
}

void PortTable::reconcile(const SocketEntry& live, BootTime begun,
                          Changes& changes) {
  const SocketFacts& facts = live.socket;
  Entry* entry = find_entry(facts);
  if (entry == nullptr) {
    entry = insert(facts);
    if (entry == nullptr) {
      return;
    }
  }
  if (entry->touched > begun) {
    return;  // an event told of it after the picture was begun
  }
  const bool orphan = is_orphan(*entry, facts);
  if (orphan || entry->socket.facts.endpoint.port != facts.endpoint.port ||
      (entry->socket.since && entry->socket.since < live.since)) {
    lose_port(*entry, begun, true, changes);
  }
  learn_past(*entry, live);
  // A connection is told of only where it keeps a port that was bound: there its
  // release will be.
  const bool taken = takes_a_port(facts) || facts.locked;
  if (orphan || facts.endpoint.port == 0 || !taken) {
    update(*entry, facts);
  } else if (facts.state == SocketState::listening) {
    start_listening(*entry, facts, begun, true, changes);
  } else {
    take_port(*entry, facts, begun, true, changes);
    entry->socket.facts.state = facts.state;
  }
}

PortTable::Changes PortTable::resync(std::span<const SocketEntry> picture,
                                     BootTime begun) {
  Changes changes;
  resynced_ = begun;
  refused_ = 0;  // who still does not fit is counted again
  std::unordered_set<std::uint64_t> alive;
  alive.reserve(picture.size());
  entries_.reserve(std::min(picture.size(), max_sockets_));
  for (const SocketEntry& live : picture) {
    reconcile(live, begun, changes);
    if (const Entry* entry = find_entry(live.socket)) {
      alive.insert(entry->socket.facts.id);
    }
  }
  std::vector<std::uint64_t> gone;
  for (const auto& [id, entry] : entries_) {
    if (!alive.contains(id) && entry.touched <= begun) {
      gone.push_back(id);
    }
  }
  drop(gone, begun, changes);
  return changes;
}

void PortTable::drop(const std::vector<std::uint64_t>& gone, BootTime when,
                     Changes& changes) {
  for (const std::uint64_t id : gone) {
    lose_port(entries_.at(id), when, true, changes);
    erase(entries_.at(id));
  }
}

std::vector<TableChange> PortTable::settle(
    Port port, const std::unordered_set<std::uint64_t>& alive, BootTime begun) {
  Changes changes;
  std::vector<std::uint64_t> gone;
  for (const std::uint64_t id : ids_on(port)) {
    Entry& entry = entries_.at(id);
    if (alive.contains(id) || entry.touched > begun) {
      continue;
    }
    if (entry.socket.facts.kernel) {
      gone.push_back(id);
    } else {
      SocketFacts facts = entry.socket.facts;
      facts.endpoint.port = 0;
      lose_port(entry, begun, true, changes);
      update(entry, facts);
    }
  }
  drop(gone, begun, changes);
  return changes;
}

std::vector<std::uint64_t> PortTable::ids_on(Port port) const {
  if (port == 0) {
    return ids();
  }
  const auto found = by_port_.find(port);
  return found == by_port_.end()
             ? std::vector<std::uint64_t>()
             : std::vector(found->second.begin(), found->second.end());
}

}  // namespace portwatch
