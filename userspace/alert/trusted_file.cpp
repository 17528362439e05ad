#include "userspace/alert/trusted_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <deque>
#include <vector>

namespace portwatch {
namespace {

constexpr int kMaxLinks = 40;  // path_resolution(7)

// Puts the parts of `path` before those that are still to be walked.
void put_first(const std::string& path, std::deque<std::string>& parts) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    if (!part.empty() && part != ".") {
      found.push_back(part);
    }
    at = end + 1;
  }
  parts.insert(parts.begin(), found.begin(), found.end());
}

// Where we are, for the message.
std::string name_of(const UniqueFd& fd, const std::string& otherwise) {
  char text[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd.get());
  const ssize_t size = readlink(link.c_str(), text, sizeof text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : otherwise;
}

Result<void> check_owner(const UniqueFd& fd, const struct stat& facts,
                         const std::string& path) {
  if (facts.st_uid != 0 && facts.st_uid != geteuid()) {
    return Error{Errc::not_permitted, name_of(fd, path) + " belongs to user " +
                                          std::to_string(facts.st_uid)};
  }
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error{Errc::not_permitted,
                 name_of(fd, path) + " is writable by " +
                     ((facts.st_mode & S_IWOTH) != 0 ? "everybody" : "its group")};
  }
  return {};
}

// As /tmp: everybody may add to it, nobody may replace what is another's.
bool is_shared(const struct stat& facts) {
  return S_ISDIR(facts.st_mode) && facts.st_uid == 0 &&
         (facts.st_mode & S_ISVTX) != 0 && (facts.st_mode & S_IWOTH) != 0;
}

class TrustedWalk {
 public:
  explicit TrustedWalk(const std::string& path) : path_(path) {}

  Result<UniqueFd> run() {
    put_first(path_, parts_);
    if (auto done = go_to_root(); !done) {
      return done.error();
    }
    while (!parts_.empty()) {
      const std::string part = std::move(parts_.front());
      parts_.pop_front();
      if (auto done = step(part); !done) {
        return done.error();
      }
    }
    return std::move(here_);
  }

 private:
  Result<void> go_to_root() {
    return arrive(UniqueFd(open("/", O_PATH | O_CLOEXEC | O_DIRECTORY)));
  }

  Result<void> arrive(UniqueFd next) {
    struct stat facts {};
    if (!next.valid() || fstat(next.get(), &facts) != 0) {
      return errno_error(errno, path_);
    }
    if (shared_ && !S_ISDIR(facts.st_mode)) {
      return Error{Errc::not_permitted,
                   name_of(here_, path_) + " is writable by everybody"};
    }
    if (S_ISLNK(facts.st_mode)) {
      return follow(next);
    }
    here_ = std::move(next);
    shared_ = is_shared(facts);
    return shared_ ? Result<void>() : check_owner(here_, facts, path_);
  }

  Result<void> step(const std::string& part) {
    return arrive(UniqueFd(
        openat(here_.get(), part.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)));
  }

  // A link needs no check: it is in a directory that has passed.
  Result<void> follow(const UniqueFd& link) {
    char target[PATH_MAX];
    const ssize_t size = readlinkat(link.get(), "", target, sizeof target);
    if (size <= 0 || ++links_ > kMaxLinks) {
      return errno_error(size <= 0 ? errno : ELOOP, path_);
    }
    put_first(std::string(target, static_cast<std::size_t>(size)), parts_);
    return target[0] == '/' ? go_to_root() : Result<void>();
  }

  std::string path_;
  std::deque<std::string> parts_;
  UniqueFd here_;
  bool shared_ = false;  // here_ is such a directory
  int links_ = 0;
};

Result<std::string> read_all(const UniqueFd& file, const std::string& path) {
  std::string text;
  char piece[16384];
  for (;;) {
    const ssize_t size = read(file.get(), piece, sizeof piece);
    if (size < 0) {
      return errno_error(errno, path);
    }
    if (size == 0) {
      return text;
    }
    text.append(piece, static_cast<std::size_t>(size));
  }
}

}  // namespace

Result<UniqueFd> open_trusted(const std::string& path) {
  if (path.empty() || path.front() != '/') {
    return Error{Errc::invalid, path + " is not an absolute path"};
  }
  return TrustedWalk(path).run();
}

Result<void> check_hook_file(const std::string& path) {
  const auto file = open_trusted(path);
  if (!file) {
    return file.error();
  }
  struct stat facts {};
  if (fstat(file->get(), &facts) != 0) {
    return errno_error(errno, path);
  }
  if (!S_ISREG(facts.st_mode)) {
    return Error{Errc::invalid, path + " is no regular file"};
  }
  if ((facts.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) {
    return Error{Errc::invalid, path + " is not executable"};
  }
  return {};
}

Result<std::string> read_trusted(const std::string& path) {
  const auto place = open_trusted(path);
  if (!place) {
    return place.error();
  }
  // The file that was checked, whatever its name leads to by now.
  const std::string same = "/proc/self/fd/" + std::to_string(place->get());
  const UniqueFd file(open(same.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) {
    return errno_error(errno, path);
  }
  return read_all(file, path);
}

}  // namespace portwatch
