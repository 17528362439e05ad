#include "userspace/api/proc_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "userspace/base/unique_fd.h"

namespace portwatch {

std::string read_proc_file(const std::string& path) {
  std::string text;
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char bytes[8192];
  ssize_t count = 0;
  while ((count = read(file.get(), bytes, sizeof bytes)) > 0) {
    text.append(bytes, static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace portwatch
