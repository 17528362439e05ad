// merge_lives.h - many rows about one binding become one.
//
// A program that takes a port, listens and lets go within a moment is three rows
// and one line of the past. In a storm of such, this is what the disk can follow.
#pragma once

#include <cstddef>
#include <vector>

#include "userspace/history/history_row.h"

namespace portwatch {

struct Freed {
  std::size_t rows = 0;
  std::size_t bytes = 0;  // as size_of() counts them
};

// Writing what is left gives the bindings, beginnings, ends and documents that
// writing all would have given; of a socket that moved meanwhile it has the last
// place, not the first.
Freed merge_lives(std::vector<HistoryRow>& rows);

}  // namespace portwatch
