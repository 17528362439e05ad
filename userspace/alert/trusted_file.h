// trusted_file.h - files that only root, or we ourselves, can have written.
//
// The daemon runs hooks as what it is, mostly root. A program or a configuration
// that another user can replace would hand root to that user.
#pragma once

#include <string>

#include "userspace/base/result.h"
#include "userspace/base/unique_fd.h"

namespace portwatch {

// Walks `path` (absolute) from the root directory, descriptor by descriptor and
// link by link, and opens the file at its end (O_PATH). Every directory on the way,
// those that links lead through too, and the file itself must belong to root (or
// to our own effective user) and be writable by nobody else; only a directory is
// trusted that lies in a sticky one, as /tmp: nobody else can take it away, while a
// file or a link there is none. What was checked is what is opened.
// Error: not_permitted names the file or directory that breaks the rule; else why
// it cannot be opened.
Result<UniqueFd> open_trusted(const std::string& path);

// open_trusted(), and a regular file that somebody may execute. What it says stays
// true for as long as root wants: nobody else can change any part of the way.
Result<void> check_hook_file(const std::string& path);

// The text of a configuration file that is trusted in the same way.
Result<std::string> read_trusted(const std::string& path);

}  // namespace portwatch
