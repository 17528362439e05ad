#include "cli/duration.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

namespace portwatch::cli {
namespace {

constexpr std::uint64_t kMaxMs = 3650ull * 24 * 3600 * 1000;
constexpr std::uint64_t kMaxCount = 1000000000;

Error bad_duration(std::string_view text, std::string_view why) {
  return {Errc::invalid, "bad duration '" + std::string(text) +
                             "': " + std::string(why) +
                             " (expected 500ms, 5s, 2m, 1h or seconds)"};
}

std::optional<std::uint64_t> unit_ms(std::string_view unit) {
  if (unit == "ms") {
    return 1;
  }
  if (unit.empty() || unit == "s") {
    return 1000;
  }
  if (unit == "m") {
    return 60 * 1000;
  }
  if (unit == "h") {
    return 3600 * 1000;
  }
  return unit == "d" ? std::optional<std::uint64_t>(24 * 3600 * 1000)
                     : std::nullopt;
}

std::string_view take_digits(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}

// Thousandths of a unit: the first three digits after the point.
std::uint64_t thousandths(std::string_view digits) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    value = value * 10 +
            (i < digits.size() ? static_cast<std::uint64_t>(digits[i] - '0') : 0);
  }
  return value;
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::string_view rest = text;
  const std::string_view whole = take_digits(rest);
  std::string_view fraction;
  if (!rest.empty() && rest[0] == '.') {
    rest.remove_prefix(1);
    fraction = take_digits(rest);
    if (fraction.empty()) {
      return bad_duration(text, "no digits after the point");
    }
  }
  const auto unit = unit_ms(rest);
  if (whole.empty() || !unit) {
    return bad_duration(text, whole.empty() ? "not a number" : "no such unit");
  }
  std::uint64_t number = 0;
  const auto parsed =
      std::from_chars(whole.data(), whole.data() + whole.size(), number);
  if (parsed.ec != std::errc{} || number > kMaxMs / *unit) {
    return bad_duration(text, "too long");
  }
  const std::uint64_t ms = number * *unit + thousandths(fraction) * *unit / 1000;
  if (ms == 0) {
    return bad_duration(text, "shorter than 1ms");
  }
  return std::chrono::milliseconds(ms);
}

Result<std::size_t> parse_count(std::string_view text) {
  std::uint64_t number = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end || number < 1 ||
      number > kMaxCount) {
    return Error{Errc::invalid, "bad count '" + std::string(text) +
                                    "': expected a number from 1 to 1000000000"};
  }
  return static_cast<std::size_t>(number);
}

}  // namespace portwatch::cli
