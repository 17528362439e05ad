// json_writer.h - writes JSON text straight into a string.
//
// An answer of thousands of bindings is built on the daemon's only thread; a
// document tree for it costs ten times as much as its text. Commas are placed
// by looking at the last byte, so there is no state beside the text. The caller
// keeps the order: key, value, key, value.
#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/clock.h"

namespace portwatch {

class JsonWriter {
 public:
  void begin_object() { open('{'); }
  void end_object() { text_ += '}'; }
  void begin_array() { open('['); }
  void end_array() { text_ += ']'; }
  // `name` is one of our own literals: nothing in it needs an escape.
  void key(std::string_view name);

  // Bytes that are not UTF-8 become U+FFFD.
  void value(std::string_view text);
  void value(WallTime time) { value(std::string_view(to_rfc3339(time))); }
  void value(std::chrono::milliseconds time) { value(time.count()); }
  void value(std::chrono::seconds time) { value(time.count()); }
  void null();
  template <std::integral Int>
  void value(Int number);
  template <class T>
  void value(const std::optional<T>& maybe);
  template <class T>
  void value(const std::vector<T>& items);

  template <class T>
  void field(std::string_view name, const T& content) {
    key(name);
    value(content);
  }

  std::string take() { return std::move(text_); }

 private:
  void comma();
  void open(char bracket) {
    comma();
    text_ += bracket;
  }
  void bare(std::string_view word) {
    comma();
    text_ += word;
  }

  std::string text_;
};

template <std::integral Int>
void JsonWriter::value(Int number) {
  if constexpr (std::same_as<Int, bool>) {
    bare(number ? "true" : "false");
  } else {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    bare({digits, static_cast<std::size_t>(end - digits)});
  }
}

template <class T>
void JsonWriter::value(const std::optional<T>& maybe) {
  if (maybe) {
    value(*maybe);
  } else {
    null();
  }
}

template <class T>
void JsonWriter::value(const std::vector<T>& items) {
  begin_array();
  for (const T& item : items) {
    value(item);
  }
  end_array();
}

}  // namespace portwatch
