// spawn.h - starts a program that shares nothing with the daemon.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/unique_fd.h"

namespace portwatch {

// Executes argv[0], a path, without a shell, in a session and process group of its
// own whose number is the pid that is returned, in the directory "/". It has
// `input` as stdin, `output` as stdout and stderr, and no other descriptor; the
// default action for all signals, and none blocked: the daemon's own settings are
// not for it. The caller reaps it.
// Error: the system refused, in the words of execve(2).
// REQUIRES: SIGCHLD is not ignored.
Result<pid_t> spawn(const std::vector<std::string>& argv,
                    const std::vector<std::string>& environment,
                    const UniqueFd& input, const UniqueFd& output);

// A file without a name that holds `bytes`, to be read from its start: as stdin it
// cannot block its writer, however slow the reader is.
Result<UniqueFd> file_of(const std::string& bytes);

}  // namespace portwatch
