#include "userspace/daemon/config.h"

#include <toml++/toml.h>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string_view>

namespace portwatch {
namespace {

using Setter = std::function<bool(const toml::node&, Config&)>;

// "250ms", "1s", "2m".
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  long number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(
      end, static_cast<std::size_t>(text.data() + text.size() - end));
  static const std::map<std::string_view, long> kUnits = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}};
  const auto factor = kUnits.find(unit);
  if (error != std::errc{} || number <= 0 || number > 1'000'000 ||
      factor == kUnits.end()) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(number * factor->second);
}

// "512KiB", "2MiB".
std::optional<std::size_t> parse_size(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(
      end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc{} || number == 0 || number > 1024 * 1024) {
    return std::nullopt;
  }
  if (unit == "KiB") {
    return number * 1024;
  }
  return unit == "MiB" && number <= 1024 ? std::optional(number * 1024 * 1024)
                                         : std::nullopt;
}

bool set_count(const toml::node& node, std::size_t& to, std::int64_t least,
               std::int64_t most) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value || *value < least || *value > most) {
    return false;
  }
  to = static_cast<std::size_t>(*value);
  return true;
}

bool set_level(const toml::node& node, Config& config) {
  static constexpr std::string_view kLevels[] = {
      "trace", "debug", "info", "warning", "error", "critical", "off"};
  const auto value = node.value_exact<std::string>();
  if (!value || std::find(std::begin(kLevels), std::end(kLevels), *value) ==
                    std::end(kLevels)) {
    return false;
  }
  config.log_level = *value;
  return true;
}

bool set_pins(const toml::node& node, Config& config) {
  const auto value = node.value_exact<std::string>();
  if (!value || !(value->empty() || value->front() == '/') ||
      value->find('.') != std::string::npos) {  // the kernel refuses dots there
    return false;
  }
  config.pin_directory = *value;
  return true;
}

Setter set_sockets_of(const char* runtime) {
  return [runtime](const toml::node& node, Config& config) {
    const toml::array* const items = node.as_array();
    std::vector<std::string> paths;
    for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
      const auto path = items->get(i)->value_exact<std::string>();
      if (!path || path->empty() || path->front() != '/') {
        return false;
      }
      paths.push_back(*path);
    }
    config.runtime_sockets[runtime] = std::move(paths);
    return items != nullptr;
  };
}

struct Key {
  const char* expected;
  Setter set;
};

// A new setting is one line here.
const std::map<std::string, Key>& keys() {
  static const std::map<std::string, Key> kKeys = {
      {"log.level",
       {"one of trace, debug, info, warning, error, critical, off", set_level}},
      {"snapshot.interval",
       {"a duration such as \"500ms\" or \"1s\"",
        [](const toml::node& node, Config& config) {
          const auto value =
              parse_duration(node.value_exact<std::string>().value_or(""));
          config.snapshot_interval = value.value_or(config.snapshot_interval);
          return value.has_value();
        }}},
      {"ring.size",
       {"a size such as \"512KiB\" or \"4MiB\", at most 1024MiB",
        [](const toml::node& node, Config& config) {
          const auto value =
              parse_size(node.value_exact<std::string>().value_or(""));
          config.ring_bytes = value.value_or(config.ring_bytes);
          return value.has_value();
        }}},
      {"ebpf.pins",
       {"an absolute path without dots in a bpf file system, or \"\"", set_pins}},
      {"limits.clients",
       {"a number from 8 to 65536",
        [](const toml::node& node, Config& config) {
          return set_count(node, config.max_clients, 8, 65536);
        }}},
      {"events.recent",
       {"a number from 0 to 1000000",
        [](const toml::node& node, Config& config) {
          return set_count(node, config.recent_events, 0, 1'000'000);
        }}},
      {"containers.docker",
       {"a list of absolute paths, as [\"/run/docker.sock\"]",
        set_sockets_of("docker")}},
      {"containers.podman",
       {"a list of absolute paths, as [\"/run/podman/podman.sock\"]",
        set_sockets_of("podman")}},
  };
  return kKeys;
}

Error at(const std::string& file, const toml::node& node, const std::string& what) {
  return {Errc::invalid,
          file + ":" + std::to_string(node.source().begin.line) + ": " + what};
}

Result<void> apply(const std::string& file, const toml::table& table,
                   const std::string& prefix, Config& config) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    const bool is_section = std::any_of(
        keys().begin(), keys().end(),
        [&](const auto& known) { return known.first.rfind(key + ".", 0) == 0; });
    if (is_section && node.is_table()) {
      if (auto done = apply(file, *node.as_table(), key + ".", config); !done) {
        return done;
      }
      continue;
    }
    const auto known = keys().find(key);
    if (known == keys().end()) {
      return at(file, node, "unknown key '" + key + "'");
    }
    if (!known->second.set(node, config)) {
      return at(file, node, "'" + key + "' must be " + known->second.expected);
    }
  }
  return {};
}

Result<void> apply_file(const std::string& file, Config& config) {
  try {
    return apply(file, toml::parse_file(file), "", config);
  } catch (const toml::parse_error& error) {
    return Error{Errc::invalid, file + ":" +
                                    std::to_string(error.source().begin.line) +
                                    ": " + std::string(error.description())};
  }
}

}  // namespace

Result<Config> load_config(const std::vector<std::string>& files,
                           const Config& defaults) {
  Config config = defaults;
  for (const std::string& file : files) {
    std::error_code failed;
    const bool there = std::filesystem::exists(file, failed);
    if (failed) {
      return Error{Errc::invalid,
                   "cannot look for " + file + ": " + failed.message()};
    }
    if (!there) {
      continue;
    }
    if (auto done = apply_file(file, config); !done) {
      return done.error();
    }
  }
  return config;
}

Result<std::vector<std::string>> config_files(
    const std::string& private_directory) {
  if (!private_directory.empty()) {
    return std::vector{private_directory + "/portwatchd.toml"};
  }
  constexpr const char* kDropIns = "/etc/portwatch/conf.d";
  std::vector<std::string> files;
  std::error_code failed;
  const std::filesystem::directory_iterator entries(kDropIns, failed);
  if (failed && failed != std::errc::no_such_file_or_directory) {
    return Error{Errc::invalid,
                 std::string("cannot read ") + kDropIns + ": " + failed.message()};
  }
  for (const auto& entry : entries) {
    if (entry.path().extension() == ".toml") {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  files.insert(files.begin(), "/etc/portwatch/portwatchd.toml");
  return files;
}

Result<Config> read_config(const std::string& private_directory) {
  const auto files = config_files(private_directory);
  if (!files) {
    return files.error();
  }
  Config defaults;
  if (private_directory.empty()) {
    defaults.pin_directory = "/sys/fs/bpf/portwatch";
  }
  return load_config(*files, defaults);
}

}  // namespace portwatch
