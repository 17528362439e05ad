#include "cli/page_process.h"

#include <algorithm>

#include "cli/text.h"
#include "cli/time_text.h"
#include "cli/words.h"

namespace portwatch::cli {
namespace {

std::string fds_words(const Process& process) {
  if (!process.fds) {
    return "";
  }
  if (process.fds->empty()) {
    return "none: a fixed file of its io_uring";
  }
  constexpr std::size_t kMaxFds = 12;
  std::string text;
  for (std::size_t i = 0; i < process.fds->size() && i < kMaxFds; ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string((*process.fds)[i]);
  }
  return process.fds->size() > kMaxFds
             ? text + " and " + std::to_string(process.fds->size() - kMaxFds) +
                   " more"
             : text;
}

std::string process_line(const Process& process, const View& view) {
  std::string text =
      name_words(process) + ", pid " + std::to_string(process.id.pid);
  if (process.ns_pid && *process.ns_pid != process.id.pid) {
    text += " (" + std::to_string(*process.ns_pid) + " in its pid namespace)";
  }
  if (process.start_time) {
    text += ", started " + time_for_people(*process.start_time, view.now);
  }
  return process.orphan == true ? text + ", orphan: its parent has died" : text;
}

std::string optional_text(const std::optional<std::string>& text) {
  return text ? escape(*text) : "";
}

std::string parents_line(const Process& process, const Lineage& lineage) {
  const std::vector<Process> parents = lineage(process);
  std::string text;
  for (auto parent = parents.rbegin(); parent != parents.rend(); ++parent) {
    text += brief_words(*parent) + " -> ";
  }
  return text.empty() ? "" : text + brief_words(process);
}

}  // namespace

void add_process(PageRows& rows, const Process& process, const View& view,
                 const Lineage& lineage) {
  rows.add("process", process_line(process, view));
  rows.add_cut("command", process.cmdline ? command_line(*process.cmdline) : "");
  rows.add("", process.cmdline_cut ? "(more arguments followed)" : "");
  rows.add("program", optional_text(process.exe));
  rows.add("user", user_words(process));
  rows.add("unit", optional_text(process.unit));
  rows.add("container", container_words(process.container, process.container_name));
  if (process.publishes) {
    rows.add("publishes", published_words(*process.publishes));
  }
  if (home_of(process).empty()) {
    rows.add("cgroup", optional_text(process.cgroup));
  }
  rows.add("descriptors", fds_words(process));
  rows.add("parents", parents_line(process, lineage));
}

void add_others(PageRows& rows, const std::vector<Process>& holders) {
  std::size_t name_width = 0;
  std::size_t user_width = 0;
  for (std::size_t i = 1; i < holders.size(); ++i) {
    name_width = std::max(name_width, columns(brief_words(holders[i])));
    user_width = std::max(user_width, columns(optional_text(holders[i].user)));
  }
  for (std::size_t i = 1; i < holders.size(); ++i) {
    const Process& holder = holders[i];
    const bool elsewhere = home_of(holder) != home_of(holders[0]);
    std::string line = pad(brief_words(holder), name_width + 2) +
                       pad(optional_text(holder.user), user_width + 2);
    line += elsewhere ? home_words(holder) + "  " : "";
    line += holder.fds ? "fd " + fds_words(holder) + "  " : "";
    line += holder.cmdline ? command_line(*holder.cmdline) : "";
    rows.add_cut("also held by", line);
  }
}

}  // namespace portwatch::cli
