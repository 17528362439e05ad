// print_past.cpp - failed binds, loops and former holders, for people.
#include <algorithm>
#include <array>
#include <map>

#include "cli/loop_story.h"
#include "cli/page_rows.h"
#include "cli/print.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "cli/words.h"

namespace portwatch::cli {
namespace {

std::string past_gaps(const std::vector<Missing>& missing, const Style& style) {
  PageRows rows(style, 0);
  for (const Missing& gap : missing) {
    rows.add_warning("partial", escape(to_string(gap)));
  }
  return rows.text();
}

std::string loop_headline(const LoopStory& story, const View& view) {
  const Loop& loop = *story.event->loop;
  const std::string what =
      story.active ? (story.dies ? " keeps dying on " : " keeps failing to bind ")
                   : (story.dies ? " kept dying on " : " kept failing to bind ");
  std::string text = view.style.strong(subject_words(loop.subject) + what +
                                       "port " + std::to_string(loop.port) + "/" +
                                       std::string(to_string(loop.protocol)));
  if (story.event->type == ChangeType::loop_ended) {
    text += ", until " + time_for_people(story.event->time, view.now);
  } else if (!story.active) {
    text += ", until a time that is not known";
  }
  return text;
}

// Where the subject's own words are kept; empty: not known.
std::string log_command(const Subject& subject) {
  if (subject.kind == Subject::Kind::unit) {
    return command_line({"journalctl", "-n", "20", "-u", subject.name});
  }
  const std::size_t colon = subject.name.find(':');
  const std::string runtime = subject.name.substr(0, colon);
  if (subject.kind == Subject::Kind::container &&
      (runtime == "docker" || runtime == "podman")) {
    return command_line(
        {runtime, "logs", "--tail", "20", subject.name.substr(colon + 1)});
  }
  return "";
}

std::string loop_section(const LoopStory& story, const View& view) {
  const Loop& loop = *story.event->loop;
  PageRows rows(view.style, view.width);
  rows.add("count", count_of(loop.count, "time") + " in " + span_text(loop.window) +
                        ", first " + time_for_people(loop.first, view.now) +
                        ", last " + time_for_people(loop.last, view.now));
  rows.add("cause", escape(loop.cause));
  if (loop.blockers) {
    rows.add("blocked by", blockers_words(*loop.blockers));
  }
  rows.add("last exit", loop.last_exit ? escape(to_string(*loop.last_exit)) : "");
  rows.add("last process",
           loop.last_process ? brief_words(*loop.last_process) : "");
  if (view.own_netns != 0 && loop.netns != view.own_netns) {
    rows.add("namespace", std::to_string(loop.netns));
  }
  rows.add("its log", log_command(loop.subject));
  return loop_headline(story, view) + "\n" + rows.text();
}

enum HistoryColumn {
  col_from,
  col_to,
  col_proto,
  col_address,
  col_process,
  col_user,
  col_exit,
  col_home,
  kHistoryColumns
};
using HistoryRow = std::array<std::string, kHistoryColumns>;

const Process* former_holder(const Binding& binding) {
  if (binding.creator) {
    return &*binding.creator;
  }
  return binding.holders && !binding.holders->empty() ? &binding.holders->front()
                                                      : nullptr;
}

// What is there now has been looked at; of the past without an end it is not known
// how long it was.
std::string end_cell(const Binding& binding, const View& view) {
  if (binding.until) {
    return local_time(*binding.until, view.now);
  }
  return binding.held_by || binding.holders ? "still" : "?";
}

HistoryRow history_row(const Binding& binding, const View& view) {
  HistoryRow row;
  row[col_from] = binding.since ? local_time(*binding.since, view.now) : "?";
  row[col_to] = end_cell(binding, view);
  row[col_proto] = to_string(binding.endpoint.protocol);
  row[col_address] = endpoint_text(binding.endpoint);
  const Process* process = former_holder(binding);
  row[col_process] = process != nullptr                  ? brief_words(*process)
                     : binding.held_by == HeldBy::kernel ? "(kernel)"
                                                         : "?";
  row[col_user] =
      process != nullptr && process->user ? escape(*process->user) : "-";
  row[col_exit] = exit_words(binding.last_exit);
  row[col_home] = process != nullptr ? home_words(*process) : "";
  row[col_home] = row[col_home].empty() ? "-" : row[col_home];
  return row;
}

// The first row is the header. A column with nothing in it is left out.
std::string table_of(const std::vector<HistoryRow>& rows, const View& view) {
  std::array<std::size_t, kHistoryColumns> widths{};
  for (std::size_t i = 0; i < kHistoryColumns; ++i) {
    bool any = false;
    for (const HistoryRow& row : rows) {
      widths[i] = std::max(widths[i], columns(row[i]));
      any = any || (&row != &rows.front() && !row[i].empty());
    }
    widths[i] = any ? widths[i] : 0;
  }
  std::string table;
  for (const HistoryRow& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < kHistoryColumns; ++i) {
      if (widths[i] != 0) {
        line += i + 1 == kHistoryColumns ? row[i] : pad(row[i], widths[i] + 2);
      }
    }
    line = cut(line, view.width);
    table += (&row == &rows.front() ? view.style.faint(line) : line) + "\n";
  }
  return table;
}

// "demo.service has taken 5055/tcp 7 times": every start after the first is a
// restart that closed connections of before may still stand for.
std::string restarts_of(const Answer& answer) {
  std::map<std::pair<std::string, std::string>, std::size_t> starts;
  for (const Binding& binding : answer.bindings) {
    const Process* process = former_holder(binding);
    if (process != nullptr) {
      ++starts[{port_words(binding.endpoint), subject_words(subject_of(*process))}];
    }
  }
  const auto& gaps = answer.missing;
  const bool cut = std::any_of(gaps.begin(), gaps.end(), says_cut);
  std::string text;
  for (const auto& [key, count] : starts) {
    if (count > 1) {
      text += key.second + " has taken " + key.first + " " +
              (cut ? "at least " : "") + count_of(count, "time") +
              " in this time\n";
    }
  }
  return text;
}

}  // namespace

std::string failures_page(const EventsAnswer& answer, const View& view) {
  std::string page;
  for (const Change& event : answer.events) {
    page += event_line(event, view);
    if (event.failure && event.failure->why) {
      PageRows rows(view.style, view.width);
      rows.add("why", escape(*event.failure->why));
      page += rows.text();
    }
  }
  return (page.empty() ? "no failed binds\n" : page) +
         past_gaps(answer.missing, view.style);
}

std::string loops_page(const EventsAnswer& answer, const View& view) {
  constexpr std::size_t kMaxSections = 20;
  const std::vector<LoopStory> stories = loop_stories(answer);
  std::string page;
  for (std::size_t i = 0; i < std::min(stories.size(), kMaxSections); ++i) {
    page += (i == 0 ? "" : "\n") + loop_section(stories[i], view);
  }
  if (stories.size() > kMaxSections) {
    page += "\n" + std::to_string(stories.size() - kMaxSections) +
            " more, see 'portwatch loops --json'\n";
  }
  return (page.empty() ? "no loops\n" : page) +
         past_gaps(answer.missing, view.style);
}

std::string history_page(const Answer& answer, const View& view) {
  std::string page = "nothing is known to have been there\n";
  if (!answer.bindings.empty()) {
    std::vector<HistoryRow> rows = {
        {"FROM", "TO", "PROTO", "ADDRESS", "PROCESS", "USER", "EXIT", "UNIT"}};
    for (const Binding& binding : answer.bindings) {
      rows.push_back(history_row(binding, view));
    }
    page = table_of(rows, view) + restarts_of(answer);
  }
  return page + past_gaps(answer.missing, view.style);
}

}  // namespace portwatch::cli
