// change.h - something that happened to a port: what `watch` shows.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "userspace/model/bind_failure.h"
#include "userspace/model/binding.h"
#include "userspace/model/loop.h"

namespace portwatch {

enum class ChangeType : std::uint8_t {
  bind,               // a socket took a port
  listen,             // it started to accept connections
  release,            // it let the port go
  events_lost,        // `count` records of the kernel were lost
  resynced,           // a fresh picture replaced the table; `repairs` follow
  bind_failed,        // `failure`
  bind_failure_loop,  // `loop`: one subject fails to bind again and again
  crash_loop,      // `loop`: one subject takes the port and dies, again and again
  loop_ended,      // `loop`: the series is over
  orphan,          // `binding` is held by `process`, whose owner died
  owner_changed,   // `binding` has another owner than the port had: `previous`
  time_wait_pile,  // `count` closing sockets on the served port of `binding`
  port_conflict,   // an allocation or a run met a foreign holder
};
// Number of the types above.
inline constexpr std::size_t kChangeTypes = 13;

struct Change {
  ChangeType type = ChangeType::bind;
  WallTime time{};
  // As it was at that instant; holders are not looked at for an event and are
  // an empty optional, but for release, where they are known to be none.
  // bind, listen, release, orphan, owner_changed, time_wait_pile.
  std::optional<Binding> binding;
  std::optional<BindFailure> failure;  // bind_failed
  std::optional<Loop> loop;            // *_loop, loop_ended
  SharedProcess process;               // orphan
  SharedProcess previous;              // orphan: the owner that died; owner_changed
  std::uint64_t count = 0;             // events_lost, time_wait_pile
  std::uint64_t repairs = 0;           // resynced
  // Found by comparing pictures, not seen as it happened: `time` is when it
  // was found.
  bool reconstructed = false;
  std::uint64_t seq = 0;  // given by the event log, from 1, without gaps

  friend bool operator==(const Change&, const Change&) = default;
};

std::string_view to_string(ChangeType type);  // "eventsLost", as in the JSON
std::optional<ChangeType> change_type_from(std::string_view name);
// True for what a person is to be told about: hooks, journal and doctor.
bool is_alert(ChangeType type);
// The port that it is about; 0: none, or all.
Port port_of(const Change& change);

}  // namespace portwatch
