#include "userspace/source/netns_scope.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <set>
#include <string_view>

#include "userspace/source/netns.h"
#include "userspace/source/proc_dir.h"

namespace portwatch {
namespace {

// Not /proc/self: that is the namespace of the main thread.
constexpr const char* kOwnNamespace = "/proc/thread-self/ns/net";

std::optional<std::uint32_t> inode_of(int dirfd, const char* path) {
  struct stat facts {};
  if (fstatat(dirfd, path, &facts, 0) != 0) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(facts.st_ino);
}

std::optional<std::uint32_t> inode_of(const UniqueFd& handle) {
  struct stat facts {};
  if (!handle.valid() || fstat(handle.get(), &facts) != 0) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(facts.st_ino);
}

// "net:[INODE]", as the link reads: less than half the price of following it.
std::optional<std::uint32_t> inode_in_link(int dirfd, const char* path) {
  constexpr std::string_view kStart = "net:[";
  std::array<char, 32> text;
  const ssize_t length = readlinkat(dirfd, path, text.data(), text.size());
  if (length < 0) {
    return std::nullopt;
  }
  const std::string_view link(text.data(), static_cast<std::size_t>(length));
  std::uint32_t inode = 0;
  const bool read =
      link.substr(0, kStart.size()) == kStart &&
      std::from_chars(link.data() + kStart.size(), link.data() + link.size(), inode)
              .ec == std::errc{};
  return read ? inode : 0;  // 0 is no namespace's
}

class Finder {
 public:
  Finder(int proc, std::uint32_t own, std::uint32_t only)
      : proc_(proc), own_(own), only_(only) {}

  NamespaceView find() {
    view_.own = own_;
    if (only_ == 0 || only_ == own_) {
      Namespace own;
      own.inode = own_;
      view_.namespaces.push_back(std::move(own));
    }
    if (only_ != own_) {
      look_at_processes();
      look_at_names();
    }
    if (only_ != 0 && !view_.namespaces.empty()) {
      view_.gap.reset();  // the one that is asked for was found
    }
    for (Namespace& found : view_.namespaces) {
      const auto name = names_.find(found.inode);
      if (name != names_.end()) {
        found.name = name->second;
      }
    }
    return std::move(view_);
  }

 private:
  bool wanted(std::uint32_t inode) const {
    return inode != own_ && (only_ == 0 || inode == only_) &&
           std::none_of(view_.namespaces.begin(), view_.namespaces.end(),
                        [inode](const auto& seen) { return seen.inode == inode; });
  }

  void add(std::uint32_t inode, int dirfd, const char* path, pid_t pid) {
    Namespace found;
    found.handle = UniqueFd(openat(dirfd, path, O_RDONLY | O_CLOEXEC));
    found.inode = inode;
    found.pid = pid;
    if (inode_of(found.handle) == inode) {  // else it went away in between
      view_.namespaces.push_back(std::move(found));
    }
  }

  void look_at_processes() {
    const auto pids = list_processes(proc_);
    std::vector<pid_t> refused;
    for (const pid_t pid : pids) {
      std::array<char, 32> path;
      std::snprintf(path.data(), path.size(), "%d/ns/net", pid);
      const auto inode = inode_in_link(proc_, path.data());
      if (!inode) {
        if (errno == EACCES || errno == EPERM) {
          refused.push_back(pid);
        }
      } else if (wanted(*inode)) {
        add(*inode, proc_, path.data(), pid);
      }
    }
    const bool hidepid = pids.empty() || pids.front() != 1;
    if (hidepid || !are_in_view(refused)) {
      view_.gap = Missing{
          "namespaces", "those of some processes are not visible to " + seen_by()};
    }
  }

  // Every namespace has files of its own below /proc/PID/net, with inode numbers
  // of their own, and no rights are needed to see them: a process with our
  // the numbers of a namespace is in it (fs/proc/proc_net.c, proc_register()).
  std::optional<std::uint32_t> tables_of(pid_t pid) const {
    std::array<char, 32> path;
    std::snprintf(path.data(), path.size(), "%d/net/tcp", pid);
    return inode_of(proc_, path.data());
  }

  // True when all these processes are in namespaces that we have found anyway.
  bool are_in_view(const std::vector<pid_t>& pids) const {
    if (pids.empty()) {
      return true;
    }
    std::set<std::uint32_t> known = {
        inode_of(AT_FDCWD, "/proc/thread-self/net/tcp").value_or(0)};
    for (const Namespace& seen : view_.namespaces) {
      known.insert(seen.pid == 0 ? 0 : tables_of(seen.pid).value_or(0));
    }
    return std::all_of(pids.begin(), pids.end(), [&](pid_t pid) {
      const auto tables = tables_of(pid);
      // A process that is gone by now is in no namespace.
      return tables ? known.contains(*tables) : errno == ENOENT;
    });
  }

  void look_at_names() {
    for (const auto& [inode, name] : names_) {
      if (wanted(inode)) {
        add(inode, AT_FDCWD, ("/run/netns/" + name).c_str(), 0);
      }
    }
  }

  int proc_;
  std::uint32_t own_;
  std::uint32_t only_;
  NamespaceView view_;
  const std::map<std::uint32_t, std::string> names_ = named_netns();
};

}  // namespace

Result<NamespaceView> find_namespaces(std::uint32_t only) {
  const UniqueFd proc(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto own = inode_of(AT_FDCWD, kOwnNamespace);
  if (!proc.valid() || !own) {
    return errno_error(errno, "cannot read /proc");
  }
  return Finder(proc.get(), *own, only).find();
}

std::string seen_by() {
  const uid_t uid = geteuid();
  return uid == 0
             ? "root without all its capabilities"
             : "uid " + std::to_string(uid) + " (run as root, or start portwatchd)";
}

Result<std::optional<Error>> run_in_namespace(const Namespace& where,
                                              const std::function<void()>& body) {
  if (where.own()) {
    body();
    return std::optional<Error>();
  }
  const UniqueFd home(open(kOwnNamespace, O_RDONLY | O_CLOEXEC));
  if (!home.valid()) {
    return std::optional(errno_error(errno, "cannot open the own namespace"));
  }
  if (setns(where.handle.get(), CLONE_NEWNET) != 0) {
    return std::optional(errno_error(
        errno, "cannot enter network namespace " + std::to_string(where.inode)));
  }
  body();
  if (setns(home.get(), CLONE_NEWNET) != 0) {
    return errno_error(errno, "cannot return to the own network namespace");
  }
  return std::optional<Error>();
}

}  // namespace portwatch
