// read_file.h - a whole small file in as few system calls as possible.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "userspace/base/unique_fd.h"

namespace portwatch {

// The bytes of `name` below the directory `dirfd` (AT_FDCWD: a plain path); beyond
// 1 MiB they are cut. Empty when it cannot be opened or read; errno says why then.
// For files that the kernel writes in one go (/proc/PID/stat, sysctls: seq_file(9)
// with a single record): a read that fills less than it might is the last.
std::optional<std::string> read_file_at(int dirfd, const char* name);
// The same for a table of many records (/proc/net/tcp), at most `limit` bytes: each
// read may stop short of the end.
std::optional<std::string> read_table_at(int dirfd, const char* name,
                                         std::size_t limit);

// A file as for read_file_at() that is read again and again: opened once. What the
// kernel writes into it is made anew for each read.
class KeptFile {
 public:
  // As read_file_at(), always with the same arguments.
  std::optional<std::string> read_at(int dirfd, const char* name);

 private:
  UniqueFd file_;
};

// Where the symbolic link `name` points; empty when it cannot be read.
std::optional<std::string> read_link_at(int dirfd, const char* name);

}  // namespace portwatch
