// text.h - text that is safe and legible on a terminal.
//
// Process names and command lines are whatever a process says about itself. A
// hostile one may hold escape sequences, newlines or direction marks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace portwatch::cli {

// Control characters (C0, DEL, C1), direction marks and bytes that are not
// UTF-8 become \t, \n, \r, \xNN or \uNNNN; a backslash stays as it is.
std::string escape(std::string_view text);

// The arguments as a shell would read them back, then escape()d. A single
// argument is not quoted: it is a title that the process gave itself.
std::string command_line(const std::vector<std::string>& arguments);

// Columns of `text`, one for each code point.
std::size_t columns(std::string_view text);

// At most `width` columns, the end replaced by "..."; 0 = no limit.
std::string cut(std::string text, std::size_t width);

// `text` filled up with blanks to `width` columns.
std::string pad(std::string text, std::size_t width);

// "a", "a and b", "a, b and c".
std::string join_words(const std::vector<std::string>& words);

// "1 socket", "3 sockets".
std::string count_of(std::size_t count, std::string_view noun);

}  // namespace portwatch::cli
