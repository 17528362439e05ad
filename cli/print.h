// print.h - answers, events and status as text; pure functions of the model.
//
// For people: print_page (who), print_table (list), event_line (watch),
// status_page. For programs: the *_plain and *_json functions. Every text ends
// with a newline unless it is empty, and is safe for a terminal.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/style.h"
#include "userspace/model/answer.h"
#include "userspace/model/change.h"
#include "userspace/model/history.h"
#include "userspace/model/status.h"
#include "userspace/model/verdict.h"

namespace portwatch::cli {

// How the reader sees it.
struct View {
  WallTime now{};
  std::uint32_t own_netns = 0;  // 0 = not known: then no namespace is foreign
  Style style{false};
  std::size_t width = 0;  // columns of the terminal; 0 = no limit
};

// The parents of a process, nearest first.
using Lineage = std::function<std::vector<Process>(const Process&)>;

// The answer page of `who`: one section for each holder of each port, one line
// for each port that nobody holds, and how good the answer is if not exact.
std::string print_page(const Answer& answer, const std::vector<PortSpec>& ports,
                       const View& view, const Lineage& lineage);

// Aligned columns with a header; only the header when there is no binding.
std::string print_table(const Answer& answer, const View& view);

// One line for each (binding, holder), see portwatch(1); "-" is not known.
std::string print_plain(const Answer& answer);

std::string print_json(const Answer& answer);

// One line for each gap of an answer, "portwatch: partial: WHAT: WHY", for
// standard error where the format has no place for it; may be empty.
std::string gap_lines(const std::vector<Missing>& missing);

std::string event_line(const Change& change, const View& view);
// time, type, then the fields of print_plain for the process that acted, then what
// this type has beside them, see portwatch(1); for eventsLost and resynced the
// number instead.
std::string event_plain(const Change& change);
std::string event_json(const Change& change);

// `why`: the verdict, every reason with its evidence and what would help; commands
// stand on lines of their own.
std::string verdict_page(const Verdict& verdict, const View& view);
// `check`: yes or no, and a line for each reason.
std::string verdict_lines(const Verdict& verdict, const View& view);
// A row "verdict", then the rows "reason" and "remedy", see portwatch(1).
std::string verdict_plain(const Verdict& verdict);
std::string verdict_json(const Verdict& verdict);
// With `tried` {errno, error}: what the kernel said to a real bind.
std::string verdict_json(const Verdict& verdict, int tried);

// `failures`: event_line() of each, then why.
std::string failures_page(const EventsAnswer& answer, const View& view);
// `loops`: a section for each, the active ones first.
std::string loops_page(const EventsAnswer& answer, const View& view);
std::string events_plain(const std::vector<Change>& events);
std::string events_json(const EventsAnswer& answer);

// `history`: aligned columns with a header, youngest last, and how often a subject
// has taken a port anew; nothing for no binding.
std::string history_page(const Answer& answer, const View& view);
// As print_plain(), with since and until before the other fields, and how the
// process ended after them.
std::string history_plain(const Answer& answer);

std::string status_page(const Status& status, const std::string& socket,
                        const View& view);
std::string status_plain(const Status& status, const std::string& socket);
// The daemon's status, with `up` and `socket` beside it.
std::string status_json(const Status& status, const std::string& socket);
std::string down_json(const std::string& socket, const std::string& reason);

}  // namespace portwatch::cli
