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

void set_cgroup(Process& process, const std::optional<std::string>& bytes) {
  process.cgroup = bytes ? parse_cgroup(*bytes) : std::nullopt;
  process.unit.reset();
  process.container.reset();
  if (process.cgroup) {
    process.unit = unit_of_cgroup(*process.cgroup);
    process.container = container_of_cgroup(*process.cgroup);
  }
}

void add_facts(OpenedProcess& opened) {
  opened.refresh();
  set_cgroup(opened.process, read_file_at(opened.directory.get(), "cgroup"));
  if (const auto bytes = read_file_at(opened.directory.get(), "status")) {
    opened.process.uid = parse_effective_uid(*bytes);
    opened.process.ns_pid = parse_ns_pid(*bytes);
  }
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

bool OpenedProcess::refresh() {
  process.exe = read_link_at(directory.get(), "exe");
  const auto bytes = cmdline.read_at(directory.get(), "cmdline");
  process.cmdline = bytes ? parse_cmdline(*bytes) : std::nullopt;
  return bytes.has_value();  // a living one's is there, and anybody may read it
}

void OpenedProcess::refresh_cgroup() {
  set_cgroup(process, cgroup.read_at(directory.get(), "cgroup"));
}

std::optional<OpenedProcess> ProcessReader::open(pid_t pid) {
  OpenedProcess opened{open_process(proc_, pid), {}};
  auto process = identify(opened.directory.get(), pid, clock_);
  if (!process) {
    return std::nullopt;
  }
  opened.process = std::move(*process);
  add_facts(opened);
  Process& known = opened.process;
  known.user = known.uid ? user_name(*known.uid) : std::nullopt;
  return opened;
}

std::optional<OpenedProcess> ProcessReader::open(const ProcessId& id) {
  auto opened = open(id.pid);
  return opened && opened->process.id == id ? std::move(opened) : std::nullopt;
}

std::optional<Process> ProcessReader::read(pid_t pid) {
  auto opened = open(pid);
  return opened ? std::optional(std::move(opened->process)) : std::nullopt;
}

std::optional<Process> ProcessReader::read(const ProcessId& id) {
  auto opened = open(id);
  return opened ? std::optional(std::move(opened->process)) : std::nullopt;
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
