#include "userspace/daemon/polled_lives.h"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fcntl.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "userspace/source/proc_parse.h"
#include "userspace/source/read_file.h"

namespace portwatch {
namespace {

// include/uapi/linux/pidfd.h of Linux 6.15, which Debian 12's headers do not have.
struct PidfdInfo {
  std::uint64_t mask;
  std::uint64_t cgroup_id;
  std::uint32_t ids[11];
  std::int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr unsigned long kPidfdGetInfo = _IOWR(0xFF, 11, PidfdInfo);
constexpr std::uint64_t kPidfdInfoExit = 1U << 3;

std::optional<int> status_when_reaped(int pidfd) {
  PidfdInfo info{};
  info.mask = kPidfdInfoExit;
  if (ioctl(pidfd, kPidfdGetInfo, &info) != 0 ||
      (info.mask & kPidfdInfoExit) == 0) {
    return std::nullopt;
  }
  return info.exit_code;
}

// Without ptrace rights the field reads 0, which would be a lie.
std::optional<int> status_of_zombie(const ProcessId& id) {
  if (geteuid() != 0) {
    return std::nullopt;
  }
  const auto bytes =
      read_file_at(AT_FDCWD, ("/proc/" + std::to_string(id.pid) + "/stat").c_str());
  const auto facts = bytes ? parse_stat(*bytes) : std::nullopt;
  return facts && facts->start_ticks == id.start_ticks ? facts->zombie_status
                                                       : std::nullopt;
}

}  // namespace

std::optional<Process> name_parent(ProcessReader& reader, Process& process) {
  auto parent = reader.read_brief(process.ppid.value_or(0));
  if (!parent || parent->id.start_ticks > process.id.start_ticks) {
    return std::nullopt;
  }
  process.parent_start_ticks = parent->id.start_ticks;
  return parent;
}

void PolledLives::watch(Process& process) {
  const auto parent = name_parent(reader_, process);
  if (parent && parent->id.pid > 1) {
    follow(*parent);
  }
  follow(process);
}

void PolledLives::follow(const Process& process) {
  if (known_.contains(process.id)) {
    return;
  }
  if (lives_.size() >= max_watched_) {
    left_some_out_ = true;
    return;
  }
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, process.id.pid, 0)));
  if (!pidfd.valid() && errno != ESRCH) {
    left_some_out_ = true;
  }
  // The pid may have come to mean another process before we opened it.
  const auto now =
      pidfd.valid() ? reader_.read_brief(process.id.pid) : std::nullopt;
  if (!now || now->id != process.id) {
    return;
  }
  epoll_event readable{};
  readable.events = EPOLLIN;
  readable.data.fd = pidfd.get();
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, pidfd.get(), &readable) == 0) {
    const int number = pidfd.get();
    known_.emplace(process.id, number);
    lives_.emplace(number, Life{process, std::move(pidfd)});
  }
}

void PolledLives::ended(int fd) {
  const auto found = lives_.find(fd);
  if (found == lives_.end()) {
    return;
  }
  const Life life = std::move(found->second);  // closing it leaves the epoll
  lives_.erase(found);
  known_.erase(life.process.id);
  auto status = status_of_zombie(life.process.id);
  if (!status) {
    status = status_when_reaped(life.pidfd.get());
  }
  ProcessEnd end;
  end.process = life.process;
  end.when = clock_.boot_now();
  if (status) {
    end.status = exit_status_from_wait(*status);
  }
  on_end_(end);
}

}  // namespace portwatch
