// config_keys.h - the list of settings. For config*.cpp.
#pragma once

#include <toml++/toml.h>

#include <functional>
#include <string>
#include <vector>

#include "userspace/daemon/config.h"

namespace portwatch {

struct ConfigKey {
  const char* name;      // "section.key"; a section's keys are neighbours
  const char* expected;  // completes "must be"
  std::function<bool(const toml::node&, Config&)> set;  // false: it is not that
  std::function<std::string(const Config&)> show;       // the value as TOML
};

// All but the hooks, which are a list of tables.
const std::vector<ConfigKey>& config_keys();

}  // namespace portwatch
