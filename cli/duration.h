// duration.h - "500ms", "5s", "2m", "1.5s", "3": spans of time on a command line.
#pragma once

#include <chrono>
#include <string_view>

#include "userspace/base/result.h"

namespace portwatch::cli {

// A number (digits, perhaps a fraction) and one of ms, s, m, h, d; seconds
// without a unit. From 1ms to 3650d; what is smaller than a millisecond is cut off.
// Error: invalid, one line that says what is wrong and shows the form.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// A count from 1 to 1000000000. Error: invalid.
Result<std::size_t> parse_count(std::string_view text);

}  // namespace portwatch::cli
