// foreign_program.h - eBPF programs of "another tool", as container runtimes and
// firewalls have them, to live beside.
#pragma once

#include <string>

#include "tests/support/sockets.h"
#include "userspace/base/unique_fd.h"

namespace portwatch::test {

// A cgroup v2 of one's own, or one below it ("/docker/ID"), removed on destruction.
// Throws std::system_error.
class FreshCgroup {
 public:
  explicit FreshCgroup(const std::string& below = "");
  ~FreshCgroup();
  FreshCgroup(const FreshCgroup&) = delete;
  FreshCgroup& operator=(const FreshCgroup&) = delete;

  const std::string& path() const { return path_; }
  void take_in(pid_t pid) const;

 private:
  std::string own_;
  std::string path_;
};

// Directory of the root cgroup.
std::string cgroup_root_path();

// bind4: binds to `from` go to `to`.
UniqueFd load_port_rewriter(Port from, Port to);
// post_bind4: refuses `port` and nothing else.
UniqueFd load_port_refuser(Port port);

// How cgroup_attach() shares the cgroup: not at all, or with others.
enum class Sharing { exclusive, multi };
// Attached until the guard goes.
class Attached {
 public:
  Attached(const std::string& cgroup, const UniqueFd& program, int attach_type,
           Sharing sharing);
  ~Attached();
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

 private:
  UniqueFd cgroup_;
  int program_;
  int type_;
};

}  // namespace portwatch::test
