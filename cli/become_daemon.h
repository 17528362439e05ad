// become_daemon.h - the command turns into portwatchd, for questions about its
// files.
#pragma once

#include <string>
#include <vector>

#include "userspace/base/result.h"

namespace portwatch::cli {

// Where portwatchd may be, in this order: beside our own program, in ../sbin from
// there, in /usr/sbin, /usr/local/sbin and the directories of `path` ($PATH).
std::vector<std::string> daemon_places(const std::string& own_program,
                                       const std::string& path);

// execv(2) of the first that is there; returns only when it fails. Errors:
// not_found; what execv says.
Error become_daemon(const std::vector<std::string>& arguments);

}  // namespace portwatch::cli
