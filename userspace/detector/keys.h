// keys.h - what detectors remember things by.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "userspace/model/bind_failure.h"
#include "userspace/model/binding.h"
#include "userspace/model/loop.h"

namespace portwatch {

// How many of a kind a detector remembers; the oldest is forgotten.
inline constexpr std::size_t kMaxDetectorKeys = 4096;

// One port of one bind table of one network namespace.
struct PortKey {
  std::uint64_t netns_cookie = 0;  // 0: not known, then `netns` tells
  std::uint32_t netns = 0;         // 0 where the cookie is known: inodes are reused
  Protocol table = Protocol::tcp;  // MPTCP shares TCP's
  Port port = 0;

  friend auto operator<=>(const PortKey&, const PortKey&) = default;
};
PortKey port_key(const Binding& binding);
PortKey port_key(const BindFailure& failure);
PortKey port_key(const Loop& loop);

// What of a Subject makes it the same one. The name is cut: the record of a failed
// bind has the first 512 bytes of the arguments, a process that lives has them all.
struct SubjectKey {
  Subject::Kind kind = Subject::Kind::program;
  std::string name;
  std::optional<uid_t> uid;

  friend auto operator<=>(const SubjectKey&, const SubjectKey&) = default;
};
inline constexpr std::size_t kSubjectKeyBytes = 256;
// Empty: nothing is known that would tell it from others.
std::optional<SubjectKey> subject_key(const Subject& subject);

// False: of a program that only its name is known of, because it was gone when it
// was looked at. Its subject is then not the one that it has at other times.
bool is_told_apart(const Process& process);

// Whose binding it is: the creator; where a backend cannot know it, the eldest of
// the holders.
SharedProcess owner_of(const Binding& binding);

// Where the kernel takes automatic ports from (net.ipv4.ip_local_port_range).
struct AutomaticPorts {
  Port low = 32768;
  Port high = 60999;

  bool contains(Port port) const { return port >= low && port <= high; }
  friend bool operator==(const AutomaticPorts&, const AutomaticPorts&) = default;
};
// A client's port, as far as one can see: in that range, and nobody listens there.
bool looks_automatic(const Binding& binding, const AutomaticPorts& automatic);

}  // namespace portwatch
