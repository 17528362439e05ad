#include "userspace/source/proc_dir.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

namespace portwatch {

bool NumberLister::fill(int directory) {
  const long got =
      syscall(SYS_getdents64, directory, buffer_.data(), buffer_.size());
  size_ = got > 0 ? static_cast<std::size_t>(got) : 0;
  at_ = 0;
  return size_ > 0;
}

const char* NumberLister::next() {
  if (at_ >= size_) {
    return nullptr;
  }
  // glibc's dirent64 is the kernel's linux_dirent64 (getdents64(2)).
  const auto* entry = reinterpret_cast<const dirent64*>(buffer_.data() + at_);
  at_ += entry->d_reclen;
  return entry->d_name;
}

std::vector<pid_t> list_processes(int proc) {
  std::vector<pid_t> pids;
  const auto lister = std::make_unique<NumberLister>();
  lister->for_each(proc, [&](const char*, int pid) {
    pids.push_back(pid);
    return true;
  });
  std::sort(pids.begin(), pids.end());
  return pids;
}

}  // namespace portwatch
