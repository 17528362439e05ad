// answer.h - a question about ports, and an answer that says how good it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "userspace/model/binding.h"
#include "userspace/model/history_cursor.h"

namespace portwatch {

enum class Source : std::uint8_t { ebpf, sock_diag, procfs, libproc, iphlpapi };

// Ordered from best to worst, so that a merge keeps the larger one.
enum class Confidence : std::uint8_t { exact, snapshot, partial };

// What to look for. Empty fields do not narrow.
struct Question {
  std::optional<Port> port;
  std::optional<Protocol> protocol;  // see covers(): tcp asks for mptcp too
  std::optional<pid_t> pid;          // a holder
  std::optional<std::uint32_t> netns;
  // As `ss -l`: listening stream sockets and unconnected datagram sockets.
  bool listening = false;
  // Connected and closing sockets too. A question with a port always has them.
  bool connected = false;
  // Not a filter: a question with a port has those too that are served by a socket
  // which is in the answer; see hide_served_connections().
  bool served_connections = false;
  // Not a filter: the asker's own namespace, listed first. 0 = not known.
  std::uint32_t own_netns = 0;
  // Not a filter: false leaves Binding::holders unknown, which is much cheaper
  // for backends that walk through /proc (and then `pid` admits nobody).
  bool holders = true;
};

// One thing that could not be seen. `what` starts with the part of the answer
// that suffers, which is stable: "sockets" (bindings may be missing in the
// asker's own namespace), "namespaces" (others), "holders", "scope".
struct Missing {
  std::string what;
  std::string why;
  friend bool operator==(const Missing&, const Missing&) = default;
};
std::string to_string(const Missing& missing);  // "WHAT: WHY"

struct Answer {
  Source source = Source::ebpf;
  Confidence confidence = Confidence::exact;
  std::vector<Missing> missing;  // not empty exactly when partial
  std::vector<Binding> bindings;
  std::optional<HistoryCursor> before = {};  // history: there are older ones

  // Notes a gap and lowers the confidence to partial. Repeats are dropped.
  void miss(Missing missing);
};

// True when the endpoint, state and namespace parts of `question` admit
// `binding`. Holders are not looked at: `pid` needs them and is left out.
bool admits(const Question& question, const Binding& binding);
// True when one of the holders is `pid`.
bool held_by_pid(const Binding& binding, pid_t pid);
// True for a listening or bound socket of TCP or MPTCP.
bool takes_stream_port(const Binding& binding);
// Of a port on which such a socket is, takes away the stream connections and what
// is left of them, in every namespace: it is the answer to "who has that port?".
// Where there is none, they occupy the port on their own: a client's, or the
// children of a dead listener.
void hide_served_connections(std::vector<Binding>& bindings);
// The asker's own namespace first, then by namespace, port, protocol, address.
void sort_bindings(std::vector<Binding>& bindings, std::uint32_t own_netns);
// Adds `part` to `whole`: all bindings, every gap once, the worse confidence.
void merge(Answer& whole, Answer part);

std::string_view to_string(Source source);
std::string_view to_string(Confidence confidence);
std::optional<Source> source_from(std::string_view name);
std::optional<Confidence> confidence_from(std::string_view name);

}  // namespace portwatch
