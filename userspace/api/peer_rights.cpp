#include "userspace/api/peer_rights.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <charconv>
#include <string_view>

#include "userspace/api/proc_file.h"
#include "userspace/base/unique_fd.h"

namespace portwatch {
namespace {

// The initial one, include/linux/proc_ns.h: PROC_USER_INIT_INO.
constexpr ino_t kInitialUserNs = 0xEFFFFFFDu;

// The words of the line "NAME:\tWORD\tWORD...".
std::string_view status_line(std::string_view status, std::string_view name) {
  const std::string start = "\n" + std::string(name) + ":\t";
  const auto at = status.find(start);
  if (at == std::string_view::npos) {
    return {};
  }
  status.remove_prefix(at + start.size());
  return status.substr(0, status.find('\n'));
}

template <class Int>
std::optional<Int> number_at_start(std::string_view text, int base) {
  Int number = 0;
  const auto parsed =
      std::from_chars(text.data(), text.data() + text.size(), number, base);
  return parsed.ec == std::errc() ? std::optional<Int>(number) : std::nullopt;
}

std::string proc_path(pid_t pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

// 0: not known.
ino_t inode_of(int fd) {
  struct stat facts {};
  return fstat(fd, &facts) == 0 ? facts.st_ino : 0;
}

ino_t user_ns_of(pid_t pid) {
  struct stat facts {};
  return stat(proc_path(pid, "ns/user").c_str(), &facts) == 0 ? facts.st_ino : 0;
}

// The user namespace that owns the process's network namespace, if that is `netns`.
ino_t owner_of_netns(pid_t pid, std::uint32_t netns) {
  const UniqueFd net(open(proc_path(pid, "ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  if (inode_of(net.get()) != netns) {
    return 0;
  }
  const UniqueFd owner(ioctl(net.get(), NS_GET_USERNS));
  return inode_of(owner.get());
}

}  // namespace

std::optional<bool> has_bind_service(const std::string& status, uid_t uid) {
  const std::string_view uids = status_line(status, "Uid");  // real, effective, ...
  const auto tab = uids.find('\t');
  if (tab == std::string_view::npos ||
      number_at_start<uid_t>(uids.substr(tab + 1), 10) != uid) {
    return std::nullopt;
  }
  const auto effective =
      number_at_start<std::uint64_t>(status_line(status, "CapEff"), 16);
  if (!effective) {
    return std::nullopt;
  }
  return (*effective >> CAP_NET_BIND_SERVICE & 1) != 0;
}

std::optional<bool> may_bind_low_ports(const Peer& peer, std::uint32_t netns) {
  const bool is_root = peer.viewer.sees_all();
  const std::string status =
      peer.pid == 0 ? "" : read_proc_file(proc_path(peer.pid, "status"));
  if (status.empty()) {
    return is_root ? std::optional<bool>(true) : std::nullopt;
  }
  const auto has = has_bind_service(status, peer.viewer.uid);
  if (!has) {
    return std::nullopt;
  }
  const ino_t user_ns = user_ns_of(peer.pid);
  if (user_ns == 0) {
    return *has && is_root ? has : std::nullopt;
  }
  if (*has && user_ns == kInitialUserNs) {
    return true;  // over all namespaces
  }
  const ino_t owner = owner_of_netns(peer.pid, netns);
  if (owner == user_ns) {
    return has;
  }
  // Every other user namespace is below the initial one.
  return owner == kInitialUserNs ? std::optional(false) : std::nullopt;
}

}  // namespace portwatch
