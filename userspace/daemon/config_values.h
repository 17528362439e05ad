// config_values.h - settings as text and as TOML, both ways. For config*.cpp.
#pragma once

#include <toml++/toml.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"

namespace portwatch {

using Milliseconds = std::chrono::milliseconds;

// A whole number and ms, s, m, h or d: "250ms", "1h", "0s". At most ten years.
std::optional<Milliseconds> parse_duration(std::string_view text);
// A whole number, not 0, and KiB, MiB or GiB; at most 1024GiB.
std::optional<std::uint64_t> parse_size(std::string_view text);

// The shortest text that the two above read as the same.
std::string duration_text(Milliseconds span);
std::string size_text(std::uint64_t bytes);

// From a node; empty: another type, or not between the bounds, both of which count.
std::optional<Milliseconds> duration_in(const toml::node& node, Milliseconds least,
                                        Milliseconds most);
std::optional<std::uint64_t> size_in(const toml::node& node, std::uint64_t least,
                                     std::uint64_t most);
std::optional<std::uint64_t> number_in(const toml::node& node, std::int64_t least,
                                       std::int64_t most);
// Strings, none of them empty.
std::optional<std::vector<std::string>> texts_in(const toml::node& node);

// "\"a\\nb\"", "[\"a\", \"b\"]": as TOML has them.
std::string toml_text(std::string_view text);
std::string toml_list(const std::vector<std::string>& texts);

// "FILE:LINE", and the error that begins with it.
std::string place_in(const std::string& file, const toml::node& node);
Error config_error(const std::string& file, const toml::node& node,
                   const std::string& what);

}  // namespace portwatch
