// exit_code.h - what the exit code of every command means (contract.md).
#pragma once

namespace portwatch::cli {

inline constexpr int kYes = 0;         // yes, done
inline constexpr int kNo = 1;          // no
inline constexpr int kUsage = 2;       // the command line is wrong
inline constexpr int kCannotKnow = 3;  // rights or the backend hide it
inline constexpr int kTimedOut = 5;

}  // namespace portwatch::cli
