// orphan.h - a process that holds a port after the parent that started it died.
//
// Seen is: a process takes a port while its parent lives, the parent ends, the
// process does not, and kSettle later the port is still held: a shutdown ends
// parents and children in any order. Told once for each process and port.
// No orphans:
//  - children of pid 1 or of nobody visible, and processes in a *.service: their
//    manager owns all of them;
//  - the child of a daemon start: a parent that exits with status 0 within
//    kDaemonStart after its child took the port (double fork, the parent waits
//    until the child is ready) meant to leave it. A parent that exits later, with
//    another status or by a signal, or whose status nobody could tell, did not;
//  - what a process holds whose own creator ended: the creator forked a worker.
// A parent that ended before the bind was seen is not known: nothing is told. Ports
// that look automatic are left out: they are clients'.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "userspace/detector/detector.h"
#include "userspace/detector/keys.h"
#include "userspace/detector/recent_map.h"

namespace portwatch {

class OrphanDetector final : public Detector {
 public:
  static constexpr std::chrono::seconds kSettle{3};
  static constexpr std::chrono::seconds kDaemonStart{10};

  explicit OrphanDetector(const AutomaticPorts& automatic = {},
                          std::size_t max_keys = kMaxDetectorKeys)
      : automatic_(automatic), held_(max_keys), settling_(max_keys) {}

  void observe(const Change& change, const Moment& now,
               std::vector<Change>& out) override;
  void observe(const ProcessEnd& end, const Moment& now,
               std::vector<Change>& out) override;
  void advance(const Moment& now, std::vector<Change>& out) override;
  std::optional<BootTime> deadline() const override;

  void set_options(const AutomaticPorts& automatic) { automatic_ = automatic; }
  // `alert` was told by a daemon before us; nothing when its process has none of
  // `there` on that port any more.
  void resume(const Change& alert, const std::vector<Binding>& there);
  // From the moment at which the parent ended.
  bool is_orphan(const ProcessId& process) const;
  // Those that were told and still hold the port: the alert of each.
  std::vector<Change> orphans() const;
  // Bindings in memory; at most max_keys.
  std::size_t size() const { return held_.size(); }

 private:
  using Id = std::string;  // Binding::id
  struct Place {
    ProcessId owner;
    PortKey port;

    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Held {
    Binding binding;
    SharedProcess owner;  // known
    Place place;
    BootTime since{};
    SharedProcess dead_parent;  // known when it is
  };
  // The sockets of one process on one port: one story to tell.
  struct Group {
    std::set<Id> ids;
    std::optional<WallTime> told;
  };
  using Groups = std::map<Place, Group>;

  void take(const Binding& binding, const Moment& now);
  void drop(const Id& id);
  void on_parent_end(const Id& id, const ProcessEnd& end, const Moment& now);
  std::vector<Id> owned_by(const ProcessId& process) const;
  Change told_of(const Held& held, WallTime time) const;

  AutomaticPorts automatic_;
  RecentMap<Id, Held> held_;
  Groups groups_;
  std::map<ProcessId, std::set<Id>> by_parent_;
  RecentMap<Id, BootTime> settling_;  // when the parent ended
};

}  // namespace portwatch
