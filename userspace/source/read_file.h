// read_file.h - a whole small file in as few system calls as possible.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace portwatch {

// The bytes of `name` below the directory `dirfd` (AT_FDCWD: a plain path), at
// most `limit`; what is beyond is cut. Empty when it cannot be opened or read;
// errno says why then.
std::optional<std::string> read_file_at(int dirfd, const char* name,
                                        std::size_t limit = 1 << 20);

// Where the symbolic link `name` points; empty when it cannot be read.
std::optional<std::string> read_link_at(int dirfd, const char* name);

}  // namespace portwatch
