#include "userspace/source/netns.h"

#include <dirent.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string>

namespace portwatch {
namespace {

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

}  // namespace

Result<std::uint32_t> netns_of(pid_t pid) {
  const std::string path =
      pid == 0 ? "/proc/self/ns/net" : "/proc/" + std::to_string(pid) + "/ns/net";
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) {
    return errno_error(errno, "cannot read " + path);
  }
  return static_cast<std::uint32_t>(facts.st_ino);
}

std::map<std::uint32_t, std::string> named_netns(const std::string& directory) {
  std::map<std::uint32_t, std::string> names;
  const Directory listing(opendir(directory.c_str()), closedir);
  if (listing == nullptr) {
    return names;
  }
  while (const dirent* entry = readdir(listing.get())) {
    struct stat facts {};
    if (entry->d_name[0] != '.' &&
        fstatat(dirfd(listing.get()), entry->d_name, &facts, 0) == 0) {
      names.emplace(static_cast<std::uint32_t>(facts.st_ino), entry->d_name);
    }
  }
  return names;
}

}  // namespace portwatch
