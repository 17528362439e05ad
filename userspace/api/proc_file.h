// proc_file.h - a file of /proc as text.
#pragma once

#include <string>

namespace portwatch {

// What could be read of it; empty when that is nothing.
std::string read_proc_file(const std::string& path);

}  // namespace portwatch
