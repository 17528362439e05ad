// change.h - something that happened to a port: what `watch` shows.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "userspace/model/binding.h"

namespace portwatch {

enum class ChangeType : std::uint8_t {
  bind,         // a socket took a port
  listen,       // it started to accept connections
  release,      // it let the port go
  events_lost,  // `count` records of the kernel were lost
  resynced,     // a fresh picture replaced the table; `repairs` changes follow
};

struct Change {
  ChangeType type = ChangeType::bind;
  WallTime time{};
  // As it was at that instant; holders are not looked at for an event and are
  // an empty optional, but for release, where they are known to be none.
  std::optional<Binding> binding;  // bind, listen, release
  std::uint64_t count = 0;         // events_lost
  std::uint64_t repairs = 0;       // resynced
  // Found by comparing pictures, not seen as it happened: `time` is when it
  // was found.
  bool reconstructed = false;
  std::uint64_t seq = 0;  // given by the event log, from 1, without gaps

  friend bool operator==(const Change&, const Change&) = default;
};

std::string_view to_string(ChangeType type);  // "eventsLost", as in the JSON
std::optional<ChangeType> change_type_from(std::string_view name);

}  // namespace portwatch
