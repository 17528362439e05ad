// proc_dir.h - directories of numbers: /proc, /proc/PID/task, /proc/PID/fd.
//
// Raw getdents64(2): no allocation and no stdio per entry. Threads: each its
// own NumberLister.
#pragma once

#include <sys/types.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace portwatch {

class NumberLister {
 public:
  // Calls back with (name, number) for every entry of `directory` whose name is
  // a number; `name` ends with a zero byte. Returns false when the directory
  // can no longer be read (its process is gone).
  template <class Callback>
  bool for_each(int directory, Callback callback) {
    while (fill(directory)) {
      while (const char* const name = next()) {
        const std::string_view text(name);
        int number = 0;
        const auto parsed =
            std::from_chars(text.data(), text.data() + text.size(), number);
        if (parsed.ec == std::errc{} && *parsed.ptr == '\0') {
          callback(name, number);
        }
      }
    }
    return ended_well_;
  }

 private:
  bool fill(int directory);
  const char* next();  // null at the end of the buffer

  alignas(8) std::array<char, 32768> buffer_;
  std::size_t size_ = 0;
  std::size_t at_ = 0;
  bool ended_well_ = true;
};

// Process ids in the proc file system whose root is open as `proc`; ascending.
std::vector<pid_t> list_processes(int proc);

}  // namespace portwatch
