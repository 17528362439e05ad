#include "userspace/daemon/config_values.h"

#include <charconv>
#include <cstdio>
#include <utility>

namespace portwatch {
namespace {

constexpr std::pair<std::string_view, std::uint64_t> kSpans[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};
constexpr std::pair<std::string_view, std::uint64_t> kSizes[] = {
    {"GiB", std::uint64_t{1} << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}};
constexpr std::uint64_t kMaxSpan = 86'400'000ull * 3653;
constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 40;

template <std::size_t Count>
std::optional<std::uint64_t> parse_with_unit(
    std::string_view text,
    const std::pair<std::string_view, std::uint64_t> (&units)[Count],
    std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  for (const auto& [name, factor] : units) {
    if (error == std::errc{} && name == unit && number <= most / factor) {
      return number * factor;
    }
  }
  return std::nullopt;
}

template <std::size_t Count>
std::string text_with_unit(
    std::uint64_t value,
    const std::pair<std::string_view, std::uint64_t> (&units)[Count]) {
  for (const auto& [name, factor] : units) {
    if (value >= factor && value % factor == 0) {
      return std::to_string(value / factor) + std::string(name);
    }
  }
  return std::to_string(value) + std::string(units[Count - 1].first);
}

template <class T>
std::optional<T> between(std::optional<T> value, T least, T most) {
  return value && *value >= least && *value <= most ? value : std::nullopt;
}

}  // namespace

std::optional<Milliseconds> parse_duration(std::string_view text) {
  const auto span = parse_with_unit(text, kSpans, kMaxSpan);
  return span ? std::optional(Milliseconds(*span)) : std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto size = parse_with_unit(text, kSizes, kMaxSize);
  return size.value_or(0) != 0 ? size : std::nullopt;
}

std::string duration_text(Milliseconds span) {
  return span.count() == 0
             ? "0s"
             : text_with_unit(static_cast<std::uint64_t>(span.count()), kSpans);
}

std::string size_text(std::uint64_t bytes) { return text_with_unit(bytes, kSizes); }

std::optional<Milliseconds> duration_in(const toml::node& node, Milliseconds least,
                                        Milliseconds most) {
  return between(parse_duration(node.value_exact<std::string>().value_or("")),
                 least, most);
}

std::optional<std::uint64_t> size_in(const toml::node& node, std::uint64_t least,
                                     std::uint64_t most) {
  return between(parse_size(node.value_exact<std::string>().value_or("")), least,
                 most);
}

std::optional<std::uint64_t> number_in(const toml::node& node, std::int64_t least,
                                       std::int64_t most) {
  const auto value = between(node.value_exact<std::int64_t>(), least, most);
  return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

std::optional<std::vector<std::string>> texts_in(const toml::node& node) {
  const toml::array* const items = node.as_array();
  if (items == nullptr) {
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (const toml::node& item : *items) {
    const auto text = item.value_exact<std::string>();
    if (!text || text->empty()) {
      return std::nullopt;
    }
    texts.push_back(*text);
  }
  return texts;
}

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04X", byte);
      out += code;
    } else {
      out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    }
  }
  return out + "\"";
}

std::string toml_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    out += (out.empty() ? "" : ", ") + toml_text(text);
  }
  return "[" + out + "]";
}

std::string place_in(const std::string& file, const toml::node& node) {
  return file + ":" + std::to_string(node.source().begin.line);
}

Error config_error(const std::string& file, const toml::node& node,
                   const std::string& what) {
  return {Errc::invalid, place_in(file, node) + ": " + what};
}

}  // namespace portwatch
