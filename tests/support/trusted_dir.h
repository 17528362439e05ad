// trusted_dir.h - a directory that only we and root can change: below our home, as
// nothing in /tmp is.
#pragma once

#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace portwatch::test {

class TrustedDir {
 public:
  TrustedDir() {
    const passwd* const user = getpwuid(geteuid());
    path_ =
        std::string(user != nullptr ? user->pw_dir : "") + "/portwatch-test.XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), path_);
    }
  }
  ~TrustedDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TrustedDir(const TrustedDir&) = delete;
  TrustedDir& operator=(const TrustedDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const {
    return path_ + "/" + name;
  }
  // Writes a file with these rights; its path.
  std::string file(const std::string& name, const std::string& text,
                   mode_t mode = 0644) const {
    const std::string path = *this / name;
    std::ofstream(path) << text;
    if (chmod(path.c_str(), mode) != 0) {
      throw std::system_error(errno, std::generic_category(), path);
    }
    return path;
  }
  std::string script(const std::string& name, const std::string& lines) const {
    return file(name, "#!/bin/sh\n" + lines, 0755);
  }

 private:
  std::string path_;
};

}  // namespace portwatch::test
