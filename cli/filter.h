// filter.h - which bindings and events `list` and `watch` show.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "userspace/model/answer.h"
#include "userspace/model/change.h"

namespace portwatch::cli {

// What the options say, as text.
struct FilterOptions {
  bool tcp = false;
  bool udp = false;
  bool listening = false;
  std::vector<std::string> ports;
  std::vector<std::string> pids;
  std::vector<std::string> names;
  std::vector<std::string> users;
  std::vector<std::string> units;
  std::optional<std::string> netns;
};
void declare(Arguments& arguments, FilterOptions& options);

// Several values of one kind: any of them. Several kinds: all of them.
struct Filter {
  bool tcp = false;  // with udp: either
  bool udp = false;
  bool listening = false;
  bool connected = false;  // show connected and closing sockets too
  std::vector<PortSpec> ports;
  std::vector<pid_t> pids;
  std::vector<std::string> names;  // shell patterns, see fnmatch(3)
  std::vector<std::string> users;  // names or uids
  std::vector<std::string> units;  // shell patterns; ".service" may be left out
  std::optional<std::uint32_t> netns;
  std::optional<std::string> netns_name;  // instead of netns: not known here
};

// Error: invalid, one line.
Result<Filter> make_filter(const FilterOptions& options, Backends& backends);

// What the answerer can narrow by itself; matches() still has to follow.
Question question_of(const Filter& filter, std::uint32_t own_netns);

// A binding matches by its holders; the creator counts only in an event.
bool matches(const Filter& filter, const Binding& binding);

// A failed bind matches by its process, a loop by its subject or last process; with
// `listening` neither does. True for every eventsLost and resynced.
bool matches(const Filter& filter, const Change& change);

}  // namespace portwatch::cli
