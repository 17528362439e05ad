#include "cli/become_daemon.h"

#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace portwatch::cli {
namespace {

std::string own_program() {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : "";
}

Error execute(const std::string& program,
              const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  execv(program.c_str(), pointers.data());
  return errno_error(errno, "cannot run " + program);
}

}  // namespace

std::vector<std::string> daemon_places(const std::string& own_program,
                                       const std::string& path) {
  const std::string beside = own_program.substr(0, own_program.rfind('/') + 1);
  std::vector<std::string> places;
  if (!beside.empty()) {
    places = {beside + "portwatchd", beside + "../sbin/portwatchd"};
  }
  places.emplace_back("/usr/sbin/portwatchd");
  places.emplace_back("/usr/local/sbin/portwatchd");
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    if (end > at) {  // an empty one is the working directory: not for us
      places.push_back(path.substr(at, end - at) + "/portwatchd");
    }
    at = end + 1;
  }
  return places;
}

Error become_daemon(const std::vector<std::string>& arguments) {
  const char* path = std::getenv("PATH");
  for (const std::string& place :
       daemon_places(own_program(), path == nullptr ? "" : path)) {
    if (access(place.c_str(), X_OK) == 0) {
      return execute(place, arguments);
    }
  }
  return {Errc::not_found,
          "portwatchd is not installed: neither beside this command, nor in "
          "/usr/sbin, nor in PATH"};
}

}  // namespace portwatch::cli
