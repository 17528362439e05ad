#include "userspace/source/managers_in_use.h"

#include <fcntl.h>

#include "userspace/base/unique_fd.h"
#include "userspace/model/process.h"
#include "userspace/source/proc_dir.h"
#include "userspace/source/proc_parse.h"
#include "userspace/source/read_file.h"

namespace portwatch {

std::set<std::string> managers_in_use(const std::string& proc) {
  std::set<std::string> managers;
  const UniqueFd root(open(proc.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const pid_t pid : list_processes(root.get())) {
    const std::string file = std::to_string(pid) + "/cgroup";
    const auto bytes = read_file_at(root.get(), file.c_str());
    const auto path = bytes ? parse_cgroup(*bytes) : std::nullopt;
    const auto container = path ? container_of_cgroup(*path) : std::nullopt;
    if (container) {
      managers.insert(container->substr(0, container->find(':')));
    }
  }
  return managers;
}

}  // namespace portwatch
