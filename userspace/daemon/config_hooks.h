// config_hooks.h - [[hook]] tables. For config*.cpp.
#pragma once

#include <toml++/toml.h>

#include <string>

#include "userspace/daemon/config.h"

namespace portwatch {

// Appends the hooks of `node`, the value of "hook" in `file`, and where each of
// their values is written. Error: "FILE:LINE: what".
Result<void> add_hooks(const std::string& file, const toml::node& node,
                       Config& config);

// The hook with that index as a [[hook]] table, "# FILE:LINE" behind each value.
std::string show_hook(const Config& config, std::size_t index);

}  // namespace portwatch
