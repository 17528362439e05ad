#include "userspace/source/netns.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace portwatch {
namespace {

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

// Opens each namespace file that opens and is not in `seen` yet.
class NetnsCollector {
 public:
  explicit NetnsCollector(std::uint32_t own) { seen_.insert(own); }

  void take(int directory, const char* path) {
    struct stat facts {};
    if (fstatat(directory, path, &facts, 0) != 0 ||
        !seen_.insert(facts.st_ino).second) {
      return;
    }
    UniqueFd fd(openat(directory, path, O_RDONLY | O_CLOEXEC));
    if (fd.valid()) {
      found_.push_back(std::move(fd));
    }
  }

  std::vector<UniqueFd> found() && { return std::move(found_); }

 private:
  std::set<ino_t> seen_;
  std::vector<UniqueFd> found_;
};

void take_all(NetnsCollector& collector, const char* parent, const char* suffix,
              bool numbers_only) {
  const Directory listing(opendir(parent), closedir);
  while (const dirent* entry = listing ? readdir(listing.get()) : nullptr) {
    const char first = entry->d_name[0];
    if (numbers_only ? first >= '1' && first <= '9' : first != '.') {
      const std::string path = std::string(entry->d_name) + suffix;
      collector.take(dirfd(listing.get()), path.c_str());
    }
  }
}

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

std::vector<UniqueFd> open_other_netns() {
  const auto own = netns_of(0);
  NetnsCollector collector(own ? *own : 0);
  take_all(collector, "/proc", "/ns/net", true);
  take_all(collector, "/run/netns", "", false);
  return std::move(collector).found();
}

}  // namespace portwatch
