#include "userspace/daemon/config_keys.h"

#include <algorithm>

#include "userspace/daemon/config_values.h"

namespace portwatch {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::uint64_t kMiB = 1 << 20;

// What a key sets: a function that gives the field of a Config.
template <class Field>
using FieldOf = Field& (*)(Config&);

template <class Field>
const Field& field_in(FieldOf<Field> field, const Config& config) {
  return field(const_cast<Config&>(config));
}

template <class Number>
ConfigKey number_key(const char* name, const char* expected, std::int64_t least,
                     std::int64_t most, FieldOf<Number> field) {
  return {name, expected,
          [=](const toml::node& node, Config& config) {
            const auto value = number_in(node, least, most);
            field(config) = static_cast<Number>(value.value_or(0));
            return value.has_value();
          },
          [=](const Config& config) {
            return std::to_string(field_in(field, config));
          }};
}

template <class Span>
ConfigKey duration_key(const char* name, const char* expected, Milliseconds least,
                       Milliseconds most, FieldOf<Span> field) {
  return {name, expected,
          [=](const toml::node& node, Config& config) {
            const auto value = duration_in(node, least, most);
            // What is to be in seconds must be whole ones.
            const auto span =
                std::chrono::duration_cast<Span>(value.value_or(Milliseconds(0)));
            field(config) = span;
            return value && Milliseconds(span) == *value;
          },
          [=](const Config& config) {
            return toml_text(duration_text(field_in(field, config)));
          }};
}

ConfigKey seconds_key(const char* name, FieldOf<seconds> field) {
  return duration_key<seconds>(name, "a duration from \"1s\" to \"365d\"",
                               seconds(1), hours(24 * 365), field);
}

template <class Number>
ConfigKey size_key(const char* name, const char* expected, std::uint64_t least,
                   std::uint64_t most, FieldOf<Number> field) {
  return {name, expected,
          [=](const toml::node& node, Config& config) {
            const auto value = size_in(node, least, most);
            field(config) = static_cast<Number>(value.value_or(0));
            return value.has_value();
          },
          [=](const Config& config) {
            return toml_text(size_text(field_in(field, config)));
          }};
}

ConfigKey text_key(const char* name, const char* expected,
                   bool (*allowed)(const std::string&),
                   FieldOf<std::string> field) {
  return {name, expected,
          [=](const toml::node& node, Config& config) {
            const auto value = node.value_exact<std::string>();
            field(config) = value.value_or("");
            return value && allowed(*value);
          },
          [=](const Config& config) { return toml_text(field_in(field, config)); }};
}

ConfigKey sockets_key(const char* name, const char* expected, const char* runtime) {
  return {name, expected,
          [=](const toml::node& node, Config& config) {
            const auto paths = texts_in(node);
            config.runtime_sockets[runtime] =
                paths.value_or(std::vector<std::string>{});
            return paths && std::all_of(paths->begin(), paths->end(),
                                        [](const auto& p) { return p[0] == '/'; });
          },
          [=](const Config& config) {
            return toml_list(config.runtime_sockets.at(runtime));
          }};
}

template <std::size_t Count>
bool is_one_of(const std::string& value, const char* const (&words)[Count]) {
  return std::find(std::begin(words), std::end(words), value) != std::end(words);
}

bool is_level(const std::string& value) {
  return is_one_of(
      value, {"trace", "debug", "info", "warning", "error", "critical", "off"});
}

bool is_result_hook(const std::string& value) {
  return is_one_of(value, {"auto", "task_work", "tracepoint", "none"});
}

bool is_absolute_or_empty(const std::string& value) {
  return value.empty() || value.front() == '/';
}

bool is_pin_path(const std::string& value) {  // the kernel refuses dots there
  return is_absolute_or_empty(value) && value.find('.') == std::string::npos;
}

constexpr const char* kBurst = "a number from 1 to 1000";

std::vector<ConfigKey> kernel_keys() {
  return {
      text_key(
          "log.level", "one of trace, debug, info, warning, error, critical, off",
          is_level, [](Config & c) -> auto& { return c.log_level; }),
      duration_key<Milliseconds>(
          "snapshot.interval", "a duration from \"1ms\" to \"1d\"", Milliseconds(1),
          hours(24), [](Config & c) -> auto& { return c.snapshot_interval; }),
      size_key<std::size_t>(
          "ring.size", "a size such as \"512KiB\" or \"4MiB\", at most 1024MiB",
          1024, 1024 * kMiB, [](Config & c) -> auto& { return c.ring_bytes; }),
      text_key(
          "ebpf.pins",
          "an absolute path without dots in a bpf file system, or \"\"",
          is_pin_path, [](Config & c) -> auto& { return c.pin_directory; }),
      text_key(
          "ebpf.bind_results", "one of auto, task_work, tracepoint, none",
          is_result_hook, [](Config & c) -> auto& { return c.bind_results; }),
  };
}

std::vector<ConfigKey> daemon_keys() {
  return {
      number_key<std::size_t>(
          "limits.clients", "a number from 8 to 65536", 8, 65536,
          [](Config & c) -> auto& { return c.max_clients; }),
      number_key<std::size_t>(
          "events.recent", "a number from 0 to 1000000", 0, 1'000'000,
          [](Config & c) -> auto& { return c.recent_events; }),
      sockets_key("containers.docker",
                  "a list of absolute paths, as [\"/run/docker.sock\"]", "docker"),
      sockets_key("containers.podman",
                  "a list of absolute paths, as [\"/run/podman/podman.sock\"]",
                  "podman"),
  };
}

std::vector<ConfigKey> detector_keys() {
  return {
      number_key<unsigned>(
          "detect.bind_failures.burst", kBurst, 1, 1000,
          [](Config & c) -> auto& { return c.bind_failures.burst; }),
      seconds_key(
          "detect.bind_failures.interval",
          [](Config & c) -> auto& { return c.bind_failures.interval; }),
      number_key<unsigned>(
          "detect.crash_loop.burst", kBurst, 1, 1000,
          [](Config & c) -> auto& { return c.crash_loop.burst; }),
      seconds_key(
          "detect.crash_loop.interval",
          [](Config & c) -> auto& { return c.crash_loop.interval; }),
      seconds_key(
          "detect.crash_loop.reset_after",
          [](Config & c) -> auto& { return c.crash_loop.reset_after; }),
      number_key<std::size_t>(
          "detect.time_wait.threshold", "a number from 1 to 1000000", 1, 1'000'000,
          [](Config & c) -> auto& { return c.time_wait_threshold; }),
  };
}

std::vector<ConfigKey> history_keys() {
  return {
      text_key(
          "history.path", "an absolute path, or \"\"", is_absolute_or_empty,
          [](Config & c) -> auto& { return c.history.path; }),
      size_key<std::uint64_t>(
          "history.max_size", "a size from \"1MiB\" to \"1024GiB\"", kMiB,
          1024 * 1024 * kMiB,
          [](Config & c) -> auto& { return c.history.max_bytes; }),
      duration_key<seconds>(
          "history.max_age", "a duration from \"1m\" to \"3650d\"", seconds(60),
          hours(24 * 3650), [](Config & c) -> auto& { return c.history.max_age; }),
  };
}

std::vector<ConfigKey> all_keys() {
  std::vector<ConfigKey> all;
  for (const auto& part :
       {kernel_keys(), daemon_keys(), detector_keys(), history_keys()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

// A new setting is one line above.
const std::vector<ConfigKey>& config_keys() {
  static const std::vector<ConfigKey> kKeys = all_keys();
  return kKeys;
}

}  // namespace portwatch
