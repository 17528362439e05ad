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
#include "userspace/model/status.h"

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

// One line for each gap of the answer, "portwatch: partial: WHAT: WHY", for
// standard error where the format has no place for it; may be empty.
std::string gap_lines(const Answer& answer);

std::string event_line(const Change& change, const View& view);
// time, type, then the fields of print_plain for the process that acted; for
// eventsLost and resynced the number instead.
std::string event_plain(const Change& change);
std::string event_json(const Change& change);

std::string status_page(const Status& status, const std::string& socket,
                        const View& view);
std::string status_plain(const Status& status, const std::string& socket);
// The daemon's status, with `up` and `socket` beside it.
std::string status_json(const Status& status, const std::string& socket);
std::string down_json(const std::string& socket, const std::string& reason);

}  // namespace portwatch::cli
