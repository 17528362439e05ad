// owner_change.h - a port whose owner is another subject than the one before.
//
// Owner of a place (namespace, table, address, port) is who listens there, or binds
// it where there is no listening: a stream socket that is only bound is a client's,
// more often than not. Told when the one before had let go: sockets that share a
// place (SO_REUSEPORT of one user, multicast) do not change its owner. Ports of the
// automatic range go from hand to hand and are left out.
//
// After a loss nobody knows who had the place in between: call forget(). What was
// found by comparing pictures is remembered, never told.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/detector/detector.h"
#include "userspace/detector/keys.h"
#include "userspace/detector/recent_map.h"

namespace portwatch {

class OwnerChange final : public Detector {
 public:
  explicit OwnerChange(const AutomaticPorts& automatic = {},
                       std::size_t max_keys = kMaxDetectorKeys)
      : automatic_(automatic), places_(max_keys), sockets_(max_keys) {}

  using Detector::observe;
  void observe(const Change& change, const Moment& now,
               std::vector<Change>& out) override;

  void set_options(const AutomaticPorts& automatic) { automatic_ = automatic; }
  void forget();
  // Entries in memory; at most 2 * max_keys.
  std::size_t size() const { return places_.size() + sockets_.size(); }

 private:
  struct PlaceKey {
    PortKey port;
    Family family = Family::ipv4;
    AddressBytes address{};

    friend auto operator<=>(const PlaceKey&, const PlaceKey&) = default;
  };
  struct Owner {
    SubjectKey subject;
    SharedProcess process;  // known
  };
  struct Place {
    std::optional<Owner> owner;  // the last; empty: not known
    std::size_t held = 0;        // sockets there now
  };
  void on_owner(const Change& change, const Moment& now, std::vector<Change>& out);
  void on_release(const Binding& binding);

  AutomaticPorts automatic_;
  RecentMap<PlaceKey, Place> places_;
  RecentMap<std::string, PlaceKey> sockets_;  // by Binding::id; addresses move
};

}  // namespace portwatch
