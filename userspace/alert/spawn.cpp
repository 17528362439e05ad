#include "userspace/alert/spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace portwatch {
namespace {

constexpr unsigned kNoExecSeal = 0x8;  // MFD_NOEXEC_SEAL, linux/memfd.h, since 6.3

class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // They allocate, and fail with ENOMEM only: then so does posix_spawn().
  void prepare(const UniqueFd& input, const UniqueFd& output) {
    posix_spawn_file_actions_adddup2(&actions_, input.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
    // Ours are closed by exec; those that somebody gave us may not be.
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    posix_spawn_file_actions_addchdir_np(&actions_, "/");
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID |
                                               POSIX_SPAWN_SETSIGMASK |
                                               POSIX_SPAWN_SETSIGDEF);
  }

  int run(pid_t& pid, const char* path, char* const* argv,
          char* const* environment) {
    return posix_spawn(&pid, path, &actions_, &attributes_, argv, environment);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// exec(3) wants pointers to char and writes nothing through them.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    out.push_back(const_cast<char*>(text.c_str()));
  }
  out.push_back(nullptr);
  return out;
}

// Where dup2() to 0, 1 and 2 does not overwrite it.
Result<UniqueFd> above_stdio(const UniqueFd& fd) {
  UniqueFd copy(fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  return copy.valid() ? Result<UniqueFd>(std::move(copy))
                      : errno_error(errno, "dup");
}

}  // namespace

Result<pid_t> spawn(const std::vector<std::string>& argv,
                    const std::vector<std::string>& environment,
                    const UniqueFd& input, const UniqueFd& output) {
  const auto in = above_stdio(input);
  const auto out = above_stdio(output);
  if (!in || !out) {
    return in ? out.error() : in.error();
  }
  SpawnPlan plan;
  plan.prepare(*in, *out);
  pid_t pid = 0;
  const int failed = plan.run(pid, argv[0].c_str(), pointers(argv).data(),
                              pointers(environment).data());
  return failed == 0 ? Result<pid_t>(pid) : errno_error(failed, argv[0]);
}

Result<UniqueFd> file_of(const std::string& bytes) {
  UniqueFd file(memfd_create("portwatch-event", MFD_CLOEXEC | kNoExecSeal));
  if (!file.valid() && errno == EINVAL) {
    file.reset(memfd_create("portwatch-event", MFD_CLOEXEC));
  }
  if (!file.valid()) {
    return errno_error(errno, "memfd_create");
  }
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t done = write(file.get(), bytes.data() + at, bytes.size() - at);
    if (done < 0) {
      return errno_error(errno, "write to a memfd");
    }
    at += static_cast<std::size_t>(done);
  }
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

}  // namespace portwatch
