// print_table.cpp - `list` for people: aligned columns.
#include <algorithm>
#include <array>

#include "cli/print.h"
#include "cli/text.h"
#include "cli/verdict.h"
#include "cli/words.h"

namespace portwatch::cli {
namespace {

enum Column { proto, address, state, process, user, netns, unit, kColumns };
using Row = std::array<std::string, kColumns>;

constexpr std::size_t kMaxHolders = 3;  // in one row

std::string process_cell(const Binding& binding) {
  if (is_hidden(binding)) {
    return "hidden";
  }
  if (!binding.holders || binding.holders->empty()) {
    switch (*binding.held_by) {
      case HeldBy::kernel:
        return "(kernel)";
      case HeldBy::in_flight:
        return "(in flight)";
      default:
        return "(nobody)";
    }
  }
  const auto& holders = *binding.holders;
  std::string cell;
  for (std::size_t i = 0; i < holders.size() && i < kMaxHolders; ++i) {
    cell += (i == 0 ? "" : ",") + brief_words(holders[i]);
  }
  return holders.size() > kMaxHolders
             ? cell + ",+" + std::to_string(holders.size() - kMaxHolders)
             : cell;
}

// What all holders have in common or the first has: "root" or "root,www-data".
template <class Text>
std::string shared_cell(const Binding& binding, Text text_of) {
  std::vector<std::string> texts;
  if (binding.holders) {
    for (const Process& holder : *binding.holders) {
      const std::string text = text_of(holder);
      if (!text.empty() &&
          std::find(texts.begin(), texts.end(), text) == texts.end()) {
        texts.push_back(text);
      }
    }
  }
  std::string cell;
  for (const std::string& text : texts) {
    cell += (cell.empty() ? "" : ",") + text;
  }
  return cell.empty() ? "-" : cell;
}

std::string user_of(const Process& process) {
  return process.user  ? escape(*process.user)
         : process.uid ? std::to_string(*process.uid)
                       : "";
}

Row row_of(const Binding& binding) {
  Row row;
  row[proto] = to_string(binding.endpoint.protocol);
  row[address] = endpoint_text(binding.endpoint);
  if (binding.interface) {
    row[address] += "%" + escape(*binding.interface);
  }
  row[state] = to_string(binding.state);
  if (binding.remaining) {
    row[state] += "(" + seconds_words(*binding.remaining) + ")";
  }
  row[process] = process_cell(binding);
  row[user] = shared_cell(binding, user_of);
  row[netns] = binding.netns_name ? escape(*binding.netns_name)
                                  : std::to_string(binding.netns);
  row[unit] = shared_cell(binding, home_words);
  return row;
}

bool needs_netns(const Answer& answer, std::uint32_t own) {
  return std::any_of(
      answer.bindings.begin(), answer.bindings.end(), [&](const Binding& binding) {
        return binding.netns != (own != 0 ? own : answer.bindings.front().netns);
      });
}

std::string line_of(const Row& row, const std::array<std::size_t, kColumns>& widths,
                    bool with_netns) {
  std::string line;
  for (std::size_t i = 0; i < kColumns; ++i) {
    if (i != netns || with_netns) {
      line += i + 1 == kColumns ? row[i] : pad(row[i], widths[i] + 2);
    }
  }
  return line;
}

}  // namespace

std::string print_table(const Answer& answer, const View& view) {
  std::vector<Row> rows;
  rows.reserve(answer.bindings.size() + 1);
  rows.push_back({"PROTO", "ADDRESS", "STATE", "PROCESS", "USER", "NETNS", "UNIT"});
  for (const Binding& binding : answer.bindings) {
    rows.push_back(row_of(binding));
  }
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) {
      widths[i] = std::max(widths[i], columns(row[i]));
    }
  }
  const bool with_netns = needs_netns(answer, view.own_netns);
  std::string table;
  for (const Row& row : rows) {
    const std::string line = cut(line_of(row, widths, with_netns), view.width);
    table += (&row == &rows.front() ? view.style.faint(line) : line) + "\n";
  }
  return table;
}

}  // namespace portwatch::cli
