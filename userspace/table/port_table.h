// port_table.h - which sockets hold which local ports, as the events tell it.
//
// Fed by: the kernel's events and, after a loss or at the start, its picture.
// An index, not the last word: an answer re-reads the live fields of the few
// sockets it names, because some changes fire no event (facts: a UDP connect
// moves the address, shutdown frees an automatic port).
// Threads: one, the daemon's loop. Owns every entry; callers get copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "userspace/model/change.h"
#include "userspace/model/socket_event.h"

namespace portwatch {

struct TrackedSocket {
  SocketFacts facts;  // id is the canonical one, see PortTable
  std::optional<BootTime> since;
  SharedProcess creator;           // not known: before our time
  std::set<ProcessId> candidates;  // may hold it; to be proven
};

// A change of the table, before anybody put names to it.
struct TableChange {
  ChangeType type = ChangeType::bind;  // bind, listen, release
  BootTime when{};
  TrackedSocket socket;  // as it was at that instant
  bool reconstructed = false;
};

class PortTable {
 public:
  // Names the process that took a port; called once for each port taken.
  using DescribeCreator = std::function<SharedProcess(const TaskFacts&)>;

  // Entries are allocated as they come, never more than `max_sockets`.
  PortTable(std::size_t max_sockets, DescribeCreator describe)
      : max_sockets_(max_sockets), describe_(std::move(describe)) {}

  // Folds in one event and says what changed: nothing (a repetition, a socket
  // that the table does not know), or up to three changes (a socket that
  // listens on another port than it had: release, bind, listen).
  // A socket that does not fit is counted in refused().
  std::vector<TableChange> apply(const SocketEvent& event);
  // Processes spread and drop descriptors; no port changes hands by that alone.
  void apply(const ProcessEvent& event);

  // Replaces what the table believed by a picture whose reading began at
  // `begun`; entries that an event touched after that stand. Returns the
  // repairs, marked reconstructed. The picture must be complete: what is not in
  // it is gone.
  std::vector<TableChange> resync(std::span<const SocketEntry> picture,
                                  BootTime begun);

  // A tracked socket as it was found by looking at `when`, whether or not an
  // event told of it.
  std::vector<TableChange> adopt(const SocketEntry& live, BootTime when);

  // What no hook tells, found by a look at `port` (0: any) that began at `begun`
  // and saw the sockets `alive` (ids) there. One that is not among them holds
  // the port no more: a kernel UDP socket is gone, a program's socket has moved
  // (UDP disconnected) or never had it (its bind was denied after our hook).
  std::vector<TableChange> settle(Port port,
                                  const std::unordered_set<std::uint64_t>& alive,
                                  BootTime begun);

  // Everything believed to be on `port`, in no order.
  std::vector<TrackedSocket> find(Port port) const;
  std::vector<std::uint64_t> ids() const;  // of all
  // Null: gone. Valid until the next change.
  const TrackedSocket* find_id(std::uint64_t id) const;
  // The entry that `facts` is about: by id or, for MPTCP, by inode, because the
  // application's socket and its subflow are one. Null when there is none.
  const TrackedSocket* same_socket(const SocketFacts& facts) const;

  // What a look has proven: exactly these hold the socket now.
  void set_holders(std::uint64_t id, const std::set<ProcessId>& holders);

  std::size_t size() const { return entries_.size(); }
  // Sockets that did not fit, since the last resync.
  std::uint64_t refused() const { return refused_; }

 private:
  struct Entry {
    TrackedSocket socket;
    BootTime touched{};      // the last event about it
    bool announced = false;  // a bind was told, so a release will be
  };
  using Changes = std::vector<TableChange>;

  static bool is_orphan(const Entry& entry, const SocketFacts& facts);
  Entry* find_entry(const SocketFacts& facts);
  Entry* insert(const SocketFacts& facts);
  Entry* entry_of(const SocketEvent& event);
  void update(Entry& entry, SocketFacts facts);
  void erase(Entry& entry);
  void index(const Entry& entry);
  void unindex(const Entry& entry);
  void add_candidate(Entry& entry, const ProcessId& process);
  void take_port(Entry& entry, const SocketFacts& facts, BootTime when, bool found,
                 Changes& changes);
  void lose_port(Entry& entry, BootTime when, bool found, Changes& changes);
  void start_listening(Entry& entry, const SocketFacts& facts, BootTime when,
                       bool found, Changes& changes);

  void on_bind(const SocketEvent& event, Changes& changes);
  void on_unlisten(const SocketEvent& event, Changes& changes);
  void on_release(const SocketEvent& event, Changes& changes);
  void on_connect(const SocketEvent& event);
  std::vector<std::uint64_t> ids_on(Port port) const;
  void learn_past(Entry& entry, const SocketEntry& live);
  void drop(const std::vector<std::uint64_t>& gone, BootTime when,
            Changes& changes);
  void reconcile(const SocketEntry& live, BootTime begun, Changes& changes);

  std::size_t max_sockets_;
  DescribeCreator describe_;
  std::uint64_t refused_ = 0;
  BootTime resynced_{};  // when the last resync's picture was begun
  std::unordered_map<std::uint64_t, Entry> entries_;  // by canonical id
  std::unordered_map<Port, std::set<std::uint64_t>> by_port_;
  std::unordered_map<std::uint64_t, std::uint64_t> mptcp_by_inode_;  // -> id
  std::map<ProcessId, std::set<std::uint64_t>> by_process_;
};

}  // namespace portwatch
