#include "userspace/daemon/config.h"

#include <fcntl.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>

#include "userspace/alert/trusted_file.h"
#include "userspace/daemon/config_hooks.h"
#include "userspace/daemon/config_keys.h"
#include "userspace/daemon/config_values.h"
#include "userspace/source/read_file.h"

namespace portwatch {
namespace {

bool is_section(const std::string& name) {
  return std::any_of(
      config_keys().begin(), config_keys().end(), [&](const ConfigKey& key) {
        return std::string_view(key.name).substr(0, name.size() + 1) == name + ".";
      });
}

Result<void> set_key(const std::string& file, const std::string& name,
                     const toml::node& node, Config& config) {
  const auto known =
      std::find_if(config_keys().begin(), config_keys().end(),
                   [&](const ConfigKey& key) { return key.name == name; });
  if (known == config_keys().end()) {
    return config_error(file, node, "unknown key '" + name + "'");
  }
  if (!known->set(node, config)) {
    return config_error(file, node, "'" + name + "' must be " + known->expected);
  }
  config.origins[name] = place_in(file, node);
  return {};
}

Result<void> apply(const std::string& file, const toml::table& table,
                   const std::string& prefix, Config& config) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    const auto done = key == "hook" ? add_hooks(file, node, config)
                      : is_section(key) && node.is_table()
                          ? apply(file, *node.as_table(), key + ".", config)
                          : set_key(file, key, node, config);
    if (!done) {
      return done;
    }
  }
  return {};
}

// Of root's daemon it is an order to root: hooks are run, files are made and moved
// as it says. So nobody else may be able to write it.
Result<std::string> text_of(const std::string& file) {
  if (geteuid() != 0) {
    auto text = read_file_at(AT_FDCWD, file.c_str());
    return text ? Result<std::string>(std::move(*text)) : errno_error(errno, file);
  }
  std::error_code failed;
  return read_trusted(std::filesystem::absolute(file, failed));
}

Result<void> apply_file(const std::string& file, Config& config) {
  const auto text = text_of(file);
  if (!text) {
    const bool untrusted = text.error().code == Errc::not_permitted;
    return Error{Errc::invalid,
                 (untrusted ? file + ": portwatchd obeys it as root, but "
                            : "cannot read ") +
                     text.error().context};
  }
  try {
    return apply(file, toml::parse(*text), "", config);
  } catch (const toml::parse_error& error) {
    return Error{Errc::invalid, file + ":" +
                                    std::to_string(error.source().begin.line) +
                                    ": " + std::string(error.description())};
  }
}

Result<bool> exists(const std::string& file) {
  std::error_code failed;
  const bool there = std::filesystem::exists(file, failed);
  return failed ? Result<bool>(Error{Errc::invalid, "cannot look for " + file +
                                                        ": " + failed.message()})
                : Result<bool>(there);
}

}  // namespace

Result<Config> load_config(const std::vector<std::string>& files,
                           const Config& defaults) {
  Config config = defaults;
  for (const std::string& file : files) {
    const auto there = exists(file);
    if (!there) {
      return there.error();
    }
    if (!*there) {
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

Config default_config(const std::string& private_directory) {
  Config defaults;
  if (private_directory.empty()) {
    defaults.pin_directory = "/sys/fs/bpf/portwatch";
    defaults.history.path = "/var/lib/portwatch/history.db";
  } else {
    std::error_code failed;  // absolute, as it would have to be in a file
    const auto directory = std::filesystem::absolute(private_directory, failed);
    defaults.history.path = (directory / "history.db").lexically_normal();
  }
  return defaults;
}

Result<Config> read_config(const std::string& private_directory) {
  const auto files = config_files(private_directory);
  if (!files) {
    return files.error();
  }
  return load_config(*files, default_config(private_directory));
}

}  // namespace portwatch
