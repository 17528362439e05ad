// config_show.cpp - the effective settings as TOML.
#include "userspace/daemon/config.h"
#include "userspace/daemon/config_hooks.h"
#include "userspace/daemon/config_keys.h"
#include "userspace/model/alert_text.h"

namespace portwatch {

std::string show_config(const Config& config) {
  std::string out;
  std::string section;
  for (const ConfigKey& key : config_keys()) {
    const std::string name = key.name;
    const std::size_t dot = name.rfind('.');
    if (name.substr(0, dot) != section) {
      section = name.substr(0, dot);
      out += (out.empty() ? "[" : "\n[") + section + "]\n";
    }
    const auto origin = config.origins.find(name);
    out += name.substr(dot + 1) + " = " + key.show(config) + "  # " +
           (origin != config.origins.end() ? legible(origin->second) : "default") +
           "\n";
  }
  for (std::size_t i = 0; i < config.hooks.size(); ++i) {
    out += "\n" + show_hook(config, i);
  }
  return out;
}

}  // namespace portwatch
