#include "userspace/source/process_reader.h"

#include <fcntl.h>
#include <pwd.h>

#include <cerrno>

#include "userspace/base/unique_fd.h"
#include "userspace/source/proc_parse.h"
#include "userspace/source/read_file.h"

namespace portwatch {
namespace {

constexpr std::size_t kMaxAncestors = 32;
constexpr std::size_t kMaxPasswdEntry = 1 << 20;

// While this is open, the pid in its path cannot come to mean another process:
// reads below it fail with ESRCH once the process is gone.
UniqueFd open_process(const std::string& proc, pid_t pid) {
  const std::string path = proc + "/" + std::to_string(pid);
  return UniqueFd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

std::optional<Process> identify(int dir, pid_t pid, const Clock& clock) {
  const auto bytes = read_file_at(dir, "stat");
  const auto facts = bytes ? parse_stat(*bytes) : std::nullopt;
  if (!facts) {
    return std::nullopt;
  }
  Process process;
  process.id = {pid, facts->start_ticks};
  process.start_time = start_wall_time(facts->start_ticks, clock);
  process.name = facts->name;
  process.ppid = facts->ppid;
  return process;
}

void add_cgroup(int dir, Process& process) {
  if (const auto bytes = read_file_at(dir, "cgroup")) {
    process.cgroup = parse_cgroup(*bytes);
  }
  if (process.cgroup) {
    process.unit = unit_of_cgroup(*process.cgroup);
    process.container = container_of_cgroup(*process.cgroup);
  }
}

void add_facts(int dir, Process& process) {
  process.exe = read_link_at(dir, "exe");
  if (const auto bytes = read_file_at(dir, "cmdline")) {
    process.cmdline = parse_cmdline(*bytes);
  }
  if (const auto bytes = read_file_at(dir, "status")) {
    process.uid = parse_effective_uid(*bytes);
    process.ns_pid = parse_ns_pid(*bytes);
  }
  add_cgroup(dir, process);
}

std::optional<std::string> look_up_user(uid_t uid) {
  std::vector<char> buffer(1024);
  passwd entry{};
  passwd* found = nullptr;
  while (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == ERANGE &&
         buffer.size() < kMaxPasswdEntry) {
    buffer.resize(buffer.size() * 2);
  }
  return found == nullptr ? std::nullopt
                          : std::optional<std::string>(found->pw_name);
}

}  // namespace

ProcessReader::ProcessReader(const Clock& clock, std::string proc)
    : clock_(clock), proc_(std::move(proc)) {}

std::optional<Process> ProcessReader::read(pid_t pid) {
  const UniqueFd dir = open_process(proc_, pid);
  auto process = identify(dir.get(), pid, clock_);
  if (process) {
    add_facts(dir.get(), *process);
    process->user = process->uid ? user_name(*process->uid) : std::nullopt;
  }
  return process;
}

std::optional<Process> ProcessReader::read(const ProcessId& id) {
  auto process = read(id.pid);
  return process && process->id == id ? process : std::nullopt;
}

std::optional<Process> ProcessReader::read_brief(pid_t pid) {
  const UniqueFd dir = open_process(proc_, pid);
  return identify(dir.get(), pid, clock_);
}

std::vector<Process> ProcessReader::ancestors(const Process& process) {
  std::vector<Process> line;
  pid_t next = process.ppid.value_or(0);
  while (next > 0 && line.size() < kMaxAncestors) {
    auto parent = read_brief(next);
    // A parent is never younger than its child: this is somebody else, who got
    // the number after the parent had died.
    const auto& child = line.empty() ? process : line.back();
    if (!parent || parent->id.start_ticks > child.id.start_ticks) {
      break;
    }
    next = parent->ppid.value_or(0);
    line.push_back(std::move(*parent));
  }
  return line;
}

std::optional<std::string> ProcessReader::user_name(uid_t uid) {
  const auto known = users_.find(uid);
  if (known != users_.end()) {
    return known->second;
  }
  return users_.emplace(uid, look_up_user(uid)).first->second;
}

}  // namespace portwatch
