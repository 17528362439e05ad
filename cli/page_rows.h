// page_rows.h - the "label  value" rows of a page for people.
#pragma once

#include <string>
#include <string_view>

#include "cli/style.h"
#include "cli/text.h"

namespace portwatch::cli {

class PageRows {
 public:
  PageRows(const Style& style, std::size_t width) : style_(style), width_(width) {}

  // Nothing for an empty value; the same label twice in a row is shown once.
  void add(std::string_view label, const std::string& value) {
    if (!value.empty()) {
      put(label, value);
    }
  }
  // As add(), cut at the edge of the terminal.
  void add_cut(std::string_view label, const std::string& value) {
    add(label, cut(value, width_ > kIndent ? width_ - kIndent : width_));
  }
  void add_warning(std::string_view label, const std::string& value) {
    put(label, style_.warning(value));
  }
  void gap() {
    text_ += "\n";
    last_label_.clear();
  }

  const std::string& text() const { return text_; }

 private:
  static constexpr std::size_t kLabel = 13;
  static constexpr std::size_t kIndent = kLabel + 2;

  void put(std::string_view label, const std::string& value) {
    const std::string shown = label == last_label_ ? "" : std::string(label);
    text_ += "  " + style_.faint(pad(shown, kLabel)) + value + "\n";
    last_label_ = label;
  }

  const Style& style_;
  std::size_t width_;
  std::string text_;
  std::string last_label_;
};

}  // namespace portwatch::cli
