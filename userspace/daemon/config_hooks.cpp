#include "userspace/daemon/config_hooks.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "userspace/alert/trusted_file.h"
#include "userspace/alert/webhook.h"
#include "userspace/daemon/config_values.h"
#include "userspace/model/alert_text.h"

namespace portwatch {
namespace {

using std::chrono::hours;

struct HookKey {
  const char* name;
  const char* expected;
  std::function<bool(const toml::node&, HookRule&)> set;
  std::function<std::string(const HookRule&)> show;  // "": as if it was not there
};

bool set_types(const toml::node& node, HookRule& rule) {
  for (const std::string& name :
       texts_in(node).value_or(std::vector<std::string>{})) {
    const auto type = change_type_from(name);
    if (!type) {
      return false;
    }
    rule.on.push_back(*type);
  }
  return !rule.on.empty();
}

std::string show_types(const HookRule& rule) {
  std::vector<std::string> names;
  for (const ChangeType type : rule.on) {
    names.emplace_back(to_string(type));
  }
  return toml_list(names);
}

bool set_ports(const toml::node& node, HookRule& rule) {
  const toml::array* const items = node.as_array();
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    const auto port = number_in(*items->get(i), 1, 65535);
    if (!port) {
      return false;
    }
    rule.ports.push_back(static_cast<Port>(*port));
  }
  return items != nullptr;
}

std::string show_ports(const HookRule& rule) {
  std::string out;
  for (const Port port : rule.ports) {
    out += (out.empty() ? "" : ", ") + std::to_string(port);
  }
  return out.empty() ? "" : "[" + out + "]";
}

HookKey texts_key(const char* name, const char* expected,
                  std::vector<std::string> HookRule::*field) {
  return {name, expected,
          [=](const toml::node& node, HookRule& rule) {
            const auto texts = texts_in(node);
            rule.*field = texts.value_or(std::vector<std::string>{});
            return texts.has_value();
          },
          [=](const HookRule& rule) {
            return (rule.*field).empty() ? "" : toml_list(rule.*field);
          }};
}

HookKey span_key(const char* name, const char* expected, Milliseconds least,
                 Milliseconds most, Milliseconds HookRule::*field) {
  return {
      name, expected,
      [=](const toml::node& node, HookRule& rule) {
        const auto span = duration_in(node, least, most);
        rule.*field = span.value_or(Milliseconds(0));
        return span.has_value();
      },
      [=](const HookRule& rule) { return toml_text(duration_text(rule.*field)); }};
}

const std::vector<HookKey>& hook_keys() {
  static const std::vector<HookKey> kKeys = {
      {"on", "a list of events, as [\"bindFailureLoop\", \"crashLoop\"]", set_types,
       show_types},
      {"ports", "a list of ports, as [80, 443]", set_ports, show_ports},
      texts_key("units", "a list of units, as [\"nginx.service\"]",
                &HookRule::units),
      texts_key("users", "a list of users, as [\"www-data\", \"1000\"]",
                &HookRule::users),
      {"exec", "a program's absolute path and its arguments, as [\"/bin/true\"]",
       [](const toml::node& node, HookRule& rule) {
         rule.exec = texts_in(node).value_or(std::vector<std::string>{});
         return !rule.exec.empty() && rule.exec[0][0] == '/';
       },
       [](const HookRule& rule) {
         return rule.exec.empty() ? "" : toml_list(rule.exec);
       }},
      {"webhook", "an http or https URL",
       [](const toml::node& node, HookRule& rule) {
         rule.webhook = node.value_exact<std::string>().value_or("");
         return check_webhook_url(rule.webhook).ok();
       },
       [](const HookRule& rule) {
         return rule.webhook.empty() ? "" : toml_text(rule.webhook);
       }},
      span_key("timeout", "a duration from \"1ms\" to \"1h\"", Milliseconds(1),
               hours(1), &HookRule::timeout),
      span_key("cooldown", "a duration from \"0s\" to \"365d\"", Milliseconds(0),
               hours(24 * 365), &HookRule::cooldown),
      {"retries", "a number from 0 to 10",
       [](const toml::node& node, HookRule& rule) {
         const auto number = number_in(node, 0, 10);
         rule.retries = static_cast<unsigned>(number.value_or(0));
         return number.has_value();
       },
       [](const HookRule& rule) {
         return rule.webhook.empty() ? "" : std::to_string(rule.retries);
       }},
  };
  return kKeys;
}

std::string origin_key(std::size_t index, std::string_view name) {
  return "hook." + std::to_string(index) + "." + std::string(name);
}

// What one value alone cannot tell.
Result<void> check_whole(const std::string& file, const toml::table& table,
                         const HookRule& rule) {
  if (rule.on.empty()) {
    return config_error(file, table, "the hook has no 'on'");
  }
  if (rule.exec.empty() == rule.webhook.empty()) {
    return config_error(file, table,
                        rule.exec.empty()
                            ? "the hook has neither 'exec' nor 'webhook'"
                            : "the hook has both 'exec' and 'webhook'");
  }
  if (rule.webhook.empty() && table.contains("retries")) {
    return config_error(file, *table.get("retries"),
                        "'hook.retries' is for webhooks only");
  }
  if (!rule.exec.empty()) {
    if (const auto trusted = check_hook_file(rule.exec[0]); !trusted) {
      return config_error(file, *table.get("exec"),
                          "'hook.exec': " + trusted.error().context);
    }
  }
  return {};
}

Result<void> add_hook(const std::string& file, const toml::table& table,
                      Config& config) {
  HookRule rule;
  rule.origin = place_in(file, table);
  for (const auto& [name, node] : table) {
    const auto known = std::find_if(hook_keys().begin(), hook_keys().end(),
                                    [&, wanted = name.str()](const HookKey& key) {
                                      return key.name == wanted;
                                    });
    const std::string key = "hook." + std::string(name.str());
    if (known == hook_keys().end()) {
      return config_error(file, node, "unknown key '" + key + "'");
    }
    if (!known->set(node, rule)) {
      return config_error(file, node, "'" + key + "' must be " + known->expected);
    }
    config.origins[origin_key(config.hooks.size(), name.str())] =
        place_in(file, node);
  }
  if (auto done = check_whole(file, table, rule); !done) {
    return done;
  }
  config.hooks.push_back(std::move(rule));
  return {};
}

}  // namespace

Result<void> add_hooks(const std::string& file, const toml::node& node,
                       Config& config) {
  const toml::array* const tables = node.as_array();
  if (tables == nullptr) {
    return config_error(file, node, "'hook' must be a list of tables: [[hook]]");
  }
  for (const toml::node& table : *tables) {
    if (!table.is_table()) {
      return config_error(file, table, "'hook' must be a list of tables: [[hook]]");
    }
    if (auto done = add_hook(file, *table.as_table(), config); !done) {
      return done;
    }
  }
  return {};
}

std::string show_hook(const Config& config, std::size_t index) {
  const HookRule& rule = config.hooks[index];
  std::string out = "[[hook]]  # " + legible(rule.origin) + "\n";
  for (const HookKey& key : hook_keys()) {
    const std::string value = key.show(rule);
    if (value.empty()) {
      continue;
    }
    const auto origin = config.origins.find(origin_key(index, key.name));
    out += std::string(key.name) + " = " + value + "  # " +
           (origin != config.origins.end() ? legible(origin->second) : "default") +
           "\n";
  }
  return out;
}

}  // namespace portwatch
