#include "userspace/source/pins.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

namespace portwatch {
namespace {

constexpr const char* kOurs = "portwatch-";

// bpffs holds plain entries and directories of ours, one level deep.
void remove_directory(const std::string& path) {
  std::error_code ignored;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    files.push_back(entry.path());
  }
  for (const std::string& file : files) {
    unlink(file.c_str());
  }
  rmdir(path.c_str());
}

// Who could write there could hand us maps of his own making.
Result<void> check_owner(int fd, const std::string& directory) {
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    return errno_error(errno, "cannot look at " + directory);
  }
  if (info.st_uid != geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error{Errc::not_permitted,
                 directory + " belongs to another user or others may write to it"};
  }
  return {};
}

}  // namespace

Pins::Pins(const std::string& directory)
    : directory_(directory), ours_(directory + "/" + kOurs + PORTWATCH_LAYOUT) {}

Result<std::unique_ptr<Pins>> Pins::open(const std::string& directory) {
  std::unique_ptr<Pins> pins(new Pins(directory));
  if (auto opened = pins->open_directory(); !opened) {
    return opened.error();
  }
  pins->remove_other_layouts();
  if (mkdir(pins->ours_.c_str(), 0700) != 0 && errno != EEXIST) {
    return errno_error(errno, "cannot make " + pins->ours_);
  }
  return pins;
}

Result<void> Pins::open_directory() {
  const bool made = mkdir(directory_.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) {
    return errno_error(errno, "cannot make " + directory_);
  }
  lock_.reset(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct statfs filesystem {};
  if (!lock_.valid() || fstatfs(lock_.get(), &filesystem) != 0) {
    return errno_error(errno, "cannot open " + directory_);
  }
  if (filesystem.f_type != BPF_FS_MAGIC) {
    if (made) {
      rmdir(directory_.c_str());
    }
    return Error{Errc::not_supported, directory_ + " is not in a bpf file system"};
  }
  if (auto safe = check_owner(lock_.get(), directory_); !safe) {
    return safe;
  }
  if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{Errc::busy, directory_ + " is in use by another portwatchd"};
  }
  return {};
}

void Pins::remove_other_layouts() const {
  std::error_code ignored;
  std::vector<std::string> others;
  for (const auto& entry :
       std::filesystem::directory_iterator(directory_, ignored)) {
    const std::string path = entry.path();
    if (path != ours_ && entry.path().filename().string().rfind(kOurs, 0) == 0) {
      others.push_back(path);
    }
  }
  for (const std::string& other : others) {
    remove_directory(other);
  }
}

UniqueFd Pins::get(const std::string& name) const {
  return UniqueFd(bpf_obj_get(path_of(name).c_str()));
}

Result<void> Pins::put(const std::string& name, int fd) const {
  const std::string path = path_of(name);
  unlink(path.c_str());
  if (bpf_obj_pin(fd, path.c_str()) != 0) {
    return errno_error(errno, "cannot pin " + path);
  }
  return {};
}

void Pins::remove_all() const {
  remove_directory(ours_);
  rmdir(directory_.c_str());
}

}  // namespace portwatch
