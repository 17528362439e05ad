#include "userspace/conflict/words.h"
#include "userspace/model/alert_text.h"

#include <time.h>

#include <algorithm>
#include <map>

namespace portwatch {
namespace {

constexpr std::size_t kMaxNamed = 3;      // processes in a sentence
constexpr std::size_t kMaxPlaces = 4;     // in a sentence
constexpr std::size_t kMaxCommand = 100;  // bytes

tm broken_down(WallTime when) {
  const time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::floor<std::chrono::seconds>(when));
  tm parts{};
  localtime_r(&seconds, &parts);
  return parts;
}

// Holders and, where nobody looked for them, creators: each process once.
std::map<ProcessId, Process> all_processes(std::span<const Binding> bindings) {
  std::map<ProcessId, Process> found;
  for (const Binding& binding : bindings) {
    if (binding.holders) {
      for (const Process& holder : *binding.holders) {
        found.emplace(holder.id, holder);
      }
    } else if (binding.creator) {
      found.emplace(binding.creator->id, *binding.creator);
    }
  }
  return found;
}

// "127.0.0.1:80/tcp on interface lo".
std::string place_of(const Binding& binding) {
  const std::string device = device_text(binding);
  return place_text(binding.endpoint) +
         (device.empty() ? "" : " on interface " + device);
}

bool is_a_server_unit(const std::string& unit) {
  return unit.ends_with(".service") || unit.ends_with(".socket");
}

}  // namespace

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += i == 0 ? "" : i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string device_text(const Binding& binding) {
  return binding.interface               ? *binding.interface
         : binding.interface_index != 0 ? std::to_string(binding.interface_index)
                                         : "";
}

std::string places_text(std::span<const Binding> bindings) {
  std::vector<std::string> places;
  std::size_t more = 0;
  for (const Binding& binding : bindings) {
    const std::string place = place_of(binding);
    if (std::find(places.begin(), places.end(), place) != places.end()) {
      continue;
    }
    if (places.size() < kMaxPlaces) {
      places.push_back(place);
    } else {
      ++more;
    }
  }
  if (more > 0) {
    places.push_back(std::to_string(more) + " more");
  }
  return joined(places);
}

std::string clock_text(WallTime when, WallTime now) {
  const tm parts = broken_down(when);
  const tm today = broken_down(now);
  const bool same =
      parts.tm_year == today.tm_year && parts.tm_yday == today.tm_yday;
  char text[48];
  return {text, strftime(text, sizeof text, same ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S",
                         &parts)};
}

std::string since_text(std::span<const Binding> bindings, WallTime now) {
  std::optional<WallTime> oldest;
  for (const Binding& binding : bindings) {
    if (!binding.since) {
      return "";
    }
    oldest = oldest ? std::min(*oldest, *binding.since) : binding.since;
  }
  return oldest ? " since " + clock_text(*oldest, now) : "";
}

std::vector<Process> owners_of(std::span<const Binding> bindings) {
  const auto all = all_processes(bindings);
  std::vector<Process> owners;
  for (const auto& [id, process] : all) {
    const auto is_parent = [parent = process.ppid](const auto& other) {
      return parent && other.first.pid == *parent;
    };
    if (std::none_of(all.begin(), all.end(), is_parent)) {
      owners.push_back(process);
    }
  }
  return owners;
}

std::size_t others_of(std::span<const Binding> bindings) {
  return all_processes(bindings).size() - owners_of(bindings).size();
}

std::string name_of(const Process& process) {
  if (process.name && !process.name->empty()) {
    return *process.name;
  }
  return process.exe ? process.exe->substr(process.exe->rfind('/') + 1)
                     : "a program";
}

std::string container_text(const std::optional<std::string>& container,
                           const std::optional<std::string>& name) {
  if (name) {
    return "container " + *name + (container ? " (" + *container + ")" : "");
  }
  return container ? "container " + *container : "";
}

std::string process_text(const Process& process) {
  std::string text = name_of(process) + " (pid " + std::to_string(process.id.pid);
  if (process.user) {
    text += ", " + *process.user;
  } else if (process.uid) {
    text += ", uid " + std::to_string(*process.uid);
  }
  const auto& proxy = process.publishes;
  if (process.container) {
    text += ", " + container_text(process.container, process.container_name);
  } else if (process.unit && is_a_server_unit(*process.unit)) {
    text += ", " + *process.unit;
  }
  const std::string served =
      proxy ? container_text(proxy->container, proxy->container_name) : "";
  return text + (served.empty() ? "" : ", for " + served) + ")";
}

std::string who_text(std::span<const Binding> bindings) {
  const auto owners = owners_of(bindings);
  if (owners.empty()) {
    return "somebody who is not visible";
  }
  std::vector<std::string> named;
  for (std::size_t i = 0; i < owners.size() && i < kMaxNamed; ++i) {
    named.push_back(process_text(owners[i]));
  }
  if (owners.size() > kMaxNamed) {
    named.push_back(std::to_string(owners.size() - kMaxNamed) + " more");
  }
  const std::size_t others = others_of(bindings);
  return joined(named) +
         (others == 0 ? ""
                      : " with " + std::to_string(others) + " of its children");
}

std::string command_text(std::span<const Binding> bindings) {
  const auto owners = owners_of(bindings);
  if (owners.size() != 1 || !owners[0].cmdline || owners[0].cmdline->size() < 2 ||
      owners[0].container ||
      (owners[0].unit && is_a_server_unit(*owners[0].unit))) {
    return "";
  }
  std::string command;
  for (const std::string& argument : *owners[0].cmdline) {
    command += (command.empty() ? "" : " ") + argument;
  }
  if (command.size() > kMaxCommand) {
    command.resize(kMaxCommand);
    command += "...";
  }
  return ", command: " + command;
}

}  // namespace portwatch
