// style.h - a little colour on a terminal, nothing elsewhere.
#pragma once

#include <string>

namespace portwatch::cli {

class Style {
 public:
  explicit Style(bool colour) : colour_(colour) {}

  // ECMA-48 SGR: 1 bold, 2 faint, 33 yellow. `text` must be safe already.
  std::string strong(const std::string& text) const { return paint("1", text); }
  std::string faint(const std::string& text) const { return paint("2", text); }
  std::string warning(const std::string& text) const { return paint("33", text); }

 private:
  std::string paint(const char* code, const std::string& text) const {
    return colour_ ? std::string("\x1b[") + code + "m" + text + "\x1b[0m" : text;
  }

  bool colour_;
};

}  // namespace portwatch::cli
