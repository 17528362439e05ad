#include "cli/commands.h"

#include <algorithm>
#include <numeric>

#include "cli/exit_code.h"

namespace portwatch::cli {
namespace {

// Levenshtein distance: insertions, deletions and replacements.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string nearest(std::string_view name) {
  constexpr std::size_t kTooFar = 3;
  constexpr std::size_t kMaxLength = 32;
  std::string best;
  std::size_t best_distance = kTooFar;
  for (const Command& command : commands()) {
    const std::size_t far =
        name.size() > kMaxLength ? kTooFar : distance(name, command.name);
    // Half of the word must be right: "x" is not almost "who".
    if (far < best_distance && far * 2 <= command.name.size()) {
      best = command.name;
      best_distance = far;
    }
  }
  return best;
}

}  // namespace

const std::array<Command, 12>& commands() {
  static constexpr std::array<Command, 12> kCommands = {{
      {"who", "", "who holds a port", run_who},
      {"list", "ls", "all ports that are taken, and by whom", run_list},
      {"why", "", "what blocks a port, and what would help", run_why},
      {"check", "", "whether you could bind it now", run_check},
      {"watch", "", "ports being taken and released, as it happens", run_watch},
      {"failures", "", "binds that failed, and who was in the way", run_failures},
      {"loops", "", "what fails or dies again and again", run_loops},
      {"history", "", "who held a port, from when to when", run_history},
      {"doctor", "", "everything that is wrong with the ports", run_doctor},
      {"status", "", "whether the daemon runs, and how it fares", run_status},
      {"config", "", "whether the daemon's configuration is sound", run_config},
      {"help", "", "this text, or the help of one command", run_help},
  }};
  return kCommands;
}

const Command* find_command(std::string_view name) {
  for (const Command& command : commands()) {
    if (!name.empty() && (command.name == name || command.alias == name)) {
      return &command;
    }
  }
  return nullptr;
}

int refuse_command(Context& context, const std::string& name) {
  std::string meant = nearest(name);
  if (parse_port_spec(name)) {
    meant = "who " + name;
  }
  say(context, "no command '" + name + "'" +
                   (meant.empty() ? " (see 'portwatch help')"
                                  : "; did you mean 'portwatch " + meant + "'?"));
  return kUsage;
}

}  // namespace portwatch::cli
