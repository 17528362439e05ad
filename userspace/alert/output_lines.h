// output_lines.h - a program's output as lines, bounded.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace portwatch {

class OutputLines {
 public:
  static constexpr std::size_t kMaxBytes = 64 * 1024;  // of a run
  static constexpr std::size_t kMaxLine = 8 * 1024;
  // What a line counts at least, so that there are at most 1024 of them.
  static constexpr std::size_t kLineCost = 64;

  using OnLine = std::function<void(const std::string&)>;
  explicit OutputLines(OnLine on_line) : on_line_(std::move(on_line)) {}

  // Calls back for every line that ends in it; empty ones are left out, a line that
  // is too long is cut and ends in "...". When the bound is reached it says so
  // once, and then takes bytes without looking at them.
  void feed(std::string_view bytes);
  // The last line may lack its newline.
  void end();

 private:
  void end_line();

  OnLine on_line_;
  std::string line_;
  bool cut_ = false;  // the rest of this line is dropped
  std::size_t spent_ = 0;
};

}  // namespace portwatch
