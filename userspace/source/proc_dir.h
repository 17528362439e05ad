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
  // a number, until the callback returns false; `name` ends with a zero byte. A
  // directory that vanishes in the middle (its process is gone) just ends.
  template <class Callback>
  void for_each(int directory, Callback callback) {
    while (fill(directory)) {
      while (const char* const name = next()) {
        const std::string_view text(name);
        int number = 0;
        const auto parsed =
            std::from_chars(text.data(), text.data() + text.size(), number);
        if (parsed.ec == std::errc{} && *parsed.ptr == '\0' &&
            !callback(name, number)) {
          return;
        }
      }
    }
  }

 private:
  bool fill(int directory);
  const char* next();  // null at the end of the buffer

  alignas(8) std::array<char, 32768> buffer_;
  std::size_t size_ = 0;
  std::size_t at_ = 0;
};

// Process ids in the proc file system whose root is open as `proc`; ascending.
std::vector<pid_t> list_processes(int proc);

}  // namespace portwatch
