// doctor.h - what is wrong with the ports: pure functions over what was asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/model/answer.h"
#include "userspace/model/history.h"
#include "userspace/model/status.h"
#include "userspace/model/verdict.h"
#include "userspace/source/port_range.h"

namespace portwatch::cli {

inline constexpr std::chrono::hours kDoctorMemory{1};  // for failed binds
inline constexpr std::size_t kPile = 20;        // closing sockets that are usual
inline constexpr std::size_t kMaxOfAKind = 20;  // findings; anybody can cause more

struct DoctorFacts {
  Answer sockets;  // all of them, connections too
  // Of the last kDoctorMemory. Empty: no daemon, or it does not know them.
  std::optional<EventsAnswer> failures;
  std::optional<EventsAnswer> loops;
  std::optional<Status> status;
  PortRange automatic;  // of own_netns
  std::uint32_t own_netns = 0;
  std::vector<PortSpec> ports;  // that were asked for; empty: all
};

// Text and evidence are sentences without a full stop, safe for a terminal.
struct Finding {
  // Stable: "loop", "failedBinds", "timeWaitPile", "orphan", "shadowed",
  // "ephemeralTheft", "historyNotWritten"; notes: "ephemeralRange", "eventsLost",
  // "hooksMissing", "alertsFailed".
  std::string_view code;
  bool note = false;  // worth to know, nothing is wrong
  std::optional<Port> port;
  std::optional<Protocol> protocol;
  std::uint32_t netns = 0;  // 0: it is about none
  std::optional<std::string> netns_name;
  std::string text;
  std::vector<std::string> evidence;
  std::vector<Remedy> remedies;
  std::vector<Change> events;
  std::vector<Binding> bindings;
};

// Problems first, then notes; a problem of one port with loops, failed binds and
// closing sockets is one finding, and so are those of one subject on many ports. At
// most kMaxOfAKind of a code, and one that says how many more there are.
std::vector<Finding> diagnose(const DoctorFacts& facts);

// kNo with a problem; else kCannotKnow when a port's sockets or holders are hidden
// or nobody could be asked for failed binds and loops; else kYes.
int doctor_verdict(const DoctorFacts& facts, const std::vector<Finding>& findings);

// Empty `ports`: true.
bool is_asked_for(const DoctorFacts& facts, Protocol protocol, Port port);

// `command`, to be typed where we are, about another namespace. Empty: nobody is
// known to be in it.
std::optional<std::string> command_in(const DoctorFacts& facts, std::uint32_t netns,
                                      const std::string& command);

// What is on the port, as `who` shows it: connections only where no socket serves.
std::vector<Binding> sockets_on(const DoctorFacts& facts, const PortSpec& port);

// The checks, in the order of the page. A new one is a function here and a line in
// doctor.cpp.
void find_port_trouble(const DoctorFacts& facts, std::vector<Finding>& findings);
void find_orphans(const DoctorFacts& facts, std::vector<Finding>& findings);
void find_shadowed(const DoctorFacts& facts, std::vector<Finding>& findings);
void find_theft(const DoctorFacts& facts, std::vector<Finding>& findings);
void find_exposed(const DoctorFacts& facts, std::vector<Finding>& findings);
void find_daemon_trouble(const DoctorFacts& facts, std::vector<Finding>& findings);

}  // namespace portwatch::cli
