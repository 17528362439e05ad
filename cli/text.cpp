#include "cli/text.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace portwatch::cli {
namespace {

// One character of UTF-8 (RFC 3629); size 0 when the bytes are none.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 0;
};

std::size_t expected_size(unsigned char lead) {
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xc2 && lead <= 0xdf) {
    return 2;
  }
  if ((lead & 0xf0) == 0xe0) {
    return 3;
  }
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

bool is_overlong_or_surrogate(std::uint32_t value, std::size_t size) {
  return (size == 3 && value < 0x800) || (size == 4 && value < 0x10000) ||
         value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff);
}

CodePoint decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = expected_size(lead);
  if (size == 0 || size > text.size()) {
    return {};
  }
  std::uint32_t value = size == 1 ? lead : lead & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) {
      return {};
    }
    value = value << 6 | (next & 0x3fu);
  }
  return is_overlong_or_surrogate(value, size) ? CodePoint{}
                                               : CodePoint{value, size};
}

// Marks that reorder or hide what follows on the line: U+061C, U+200B..200F,
// U+2028..202E, U+2060..206F, U+FEFF.
bool misleads(std::uint32_t value) {
  return value == 0x61c || (value >= 0x200b && value <= 0x200f) ||
         (value >= 0x2028 && value <= 0x202e) ||
         (value >= 0x2060 && value <= 0x206f) || value == 0xfeff;
}

bool is_control(std::uint32_t value) {
  return value < 0x20 || (value >= 0x7f && value <= 0x9f);
}

std::string hex(const char* format, std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, format, static_cast<unsigned>(value));
  return text;
}

std::string escaped_control(std::uint32_t value) {
  switch (value) {
    case '\t':
      return "\\t";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    default:
      return hex("\\x%02x", value);
  }
}

bool is_plain_word(std::string_view word) {
  return !word.empty() && word.find_first_of(" \t\n\r'\"\\$`;&|<>(){}*?!#~") ==
                              std::string_view::npos;
}

bool starts_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

std::string in_quotes(std::string_view word) {
  std::string text = "'";
  for (const char c : word) {
    text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return text + "'";
}

}  // namespace

std::string escape(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const CodePoint next = decode(text);
    if (next.size == 0) {
      safe += hex("\\x%02x", static_cast<unsigned char>(text[0]));
    } else if (is_control(next.value)) {
      safe += escaped_control(next.value);
    } else if (misleads(next.value)) {
      safe += hex("\\u%04x", next.value);
    } else {
      safe += text.substr(0, next.size);
    }
    text.remove_prefix(next.size == 0 ? 1 : next.size);
  }
  return safe;
}

std::string command_line(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1) {
    return escape(arguments.front());
  }
  std::string line;
  for (const std::string& argument : arguments) {
    line += line.empty() ? "" : " ";
    line += is_plain_word(argument) ? argument : in_quotes(argument);
  }
  return escape(line);
}

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), starts_character));
}

std::string cut(std::string text, std::size_t width) {
  if (width == 0 || columns(text) <= width) {
    return text;
  }
  const std::size_t dots = width < 3 ? width : 3;
  std::size_t end = 0;
  for (std::size_t used = 0; end < text.size(); ++end) {
    used += starts_character(text[end]) ? 1 : 0;
    if (used > width - dots) {
      break;
    }
  }
  return text.substr(0, end) + std::string(dots, '.');
}

std::string pad(std::string text, std::size_t width) {
  const std::size_t used = columns(text);
  return text.append(used < width ? width - used : 0, ' ');
}

std::string join_words(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += i == 0 ? "" : i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

std::string count_of(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace portwatch::cli
