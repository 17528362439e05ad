#include "userspace/source/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "userspace/base/unique_fd.h"

namespace portwatch {

namespace {

std::optional<std::string> read_all(int dirfd, const char* name, std::size_t limit,
                                    bool short_is_last) {
  const UniqueFd file(openat(dirfd, name, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return std::nullopt;
  }
  std::string bytes;
  std::array<char, 16384> chunk;
  while (bytes.size() < limit) {
    const auto want = std::min(chunk.size(), limit - bytes.size());
    const ssize_t got = read(file.get(), chunk.data(), want);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return std::nullopt;
    }
    const auto count = static_cast<std::size_t>(got);
    bytes.append(chunk.data(), count);
    if (count == 0 || (short_is_last && count < want)) {
      break;
    }
  }
  return bytes;
}

}  // namespace

std::optional<std::string> read_file_at(int dirfd, const char* name) {
  return read_all(dirfd, name, 1 << 20, true);
}

std::optional<std::string> read_table_at(int dirfd, const char* name,
                                         std::size_t limit) {
  return read_all(dirfd, name, limit, false);
}

std::optional<std::string> read_link_at(int dirfd, const char* name) {
  std::array<char, PATH_MAX> target;
  const ssize_t length = readlinkat(dirfd, name, target.data(), target.size());
  if (length < 0) {
    return std::nullopt;
  }
  return std::string(target.data(), static_cast<std::size_t>(length));
}

}  // namespace portwatch
