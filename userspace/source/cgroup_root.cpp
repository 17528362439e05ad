#include "userspace/source/cgroup_root.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>

namespace portwatch {
namespace {

constexpr ino_t kRootInode = 1;

UniqueFd open_mounted() {
  const std::unique_ptr<FILE, int (*)(FILE*)> mounts(
      setmntent("/proc/self/mounts", "re"), endmntent);
  mntent entry{};
  char text[4096];
  while (mounts &&
         getmntent_r(mounts.get(), &entry, text, sizeof text) != nullptr) {
    if (std::string_view(entry.mnt_type) == "cgroup2") {
      return UniqueFd(open(entry.mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
  }
  return UniqueFd();
}

// A detached mount: in no mount table, gone with its descriptor.
Result<UniqueFd> mount_detached() {
  const UniqueFd context(fsopen("cgroup2", FSOPEN_CLOEXEC));
  if (!context.valid()) {
    return errno_error(errno, "cannot open the cgroup2 file system");
  }
  if (fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return errno_error(errno, "cannot create a cgroup2 mount");
  }
  const UniqueFd mount(fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
  if (!mount.valid()) {
    return errno_error(errno, "cannot mount cgroup2");
  }
  UniqueFd directory(openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) {
    return errno_error(errno, "cannot open the cgroup2 root");
  }
  return directory;
}

}  // namespace

Result<CgroupRoot> open_cgroup_root() {
  CgroupRoot root{open_mounted(), false};
  if (!root.directory.valid()) {
    auto mounted = mount_detached();
    if (!mounted) {
      return mounted.error();
    }
    root.directory = std::move(mounted).value();
  }
  struct stat facts {};
  if (fstat(root.directory.get(), &facts) != 0) {
    return errno_error(errno, "cannot stat the cgroup2 root");
  }
  root.whole_host = facts.st_ino == kRootInode;
  return root;
}

}  // namespace portwatch
