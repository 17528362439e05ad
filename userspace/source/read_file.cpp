#include "userspace/source/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace portwatch {

namespace {

constexpr std::size_t kMostBytes = 1 << 20;

std::optional<std::string> read_all(int file, std::size_t limit,
                                    bool short_is_last) {
  std::string bytes;
  std::array<char, 16384> chunk;
  while (bytes.size() < limit) {
    const auto want = std::min(chunk.size(), limit - bytes.size());
    const ssize_t got =
        pread(file, chunk.data(), want, static_cast<off_t>(bytes.size()));
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

UniqueFd open_at(int dirfd, const char* name) {
  return UniqueFd(openat(dirfd, name, O_RDONLY | O_CLOEXEC));
}

}  // namespace

std::optional<std::string> read_file_at(int dirfd, const char* name) {
  return KeptFile().read_at(dirfd, name);
}

std::optional<std::string> KeptFile::read_at(int dirfd, const char* name) {
  if (!file_.valid()) {
    file_ = open_at(dirfd, name);
  }
  return file_.valid() ? read_all(file_.get(), kMostBytes, true) : std::nullopt;
}

std::optional<std::string> read_table_at(int dirfd, const char* name,
                                         std::size_t limit) {
  const UniqueFd file = open_at(dirfd, name);
  return file.valid() ? read_all(file.get(), limit, false) : std::nullopt;
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
