// cgroup_names.cpp - what a cgroup path says about unit and container.
//
// Source: systemd's CONTROL_GROUP_INTERFACE and the names that the container
// managers give their cgroups, with the systemd driver ("docker-ID.scope") and
// with the cgroupfs driver ("/docker/ID").
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "userspace/model/process.h"

namespace portwatch {
namespace {

constexpr std::size_t kShownIdLength = 12;

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Takes the last component off `path`: "/a/b" gives "b" and leaves "/a".
std::string_view take_last(std::string_view& path) {
  const auto slash = path.rfind('/');
  const std::string_view last =
      slash == std::string_view::npos ? path : path.substr(slash + 1);
  path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  return last;
}

bool is_unit(std::string_view name) {
  constexpr std::array<std::string_view, 3> kKinds = {".service", ".socket",
                                                      ".scope"};
  for (const std::string_view kind : kKinds) {
    if (ends_with(name, kind) && name.size() > kind.size()) {
      return true;
    }
  }
  return false;
}

// "my\x2dbox" -> "my-box": systemd escapes what a unit name may not hold.
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* const hex = text.data() + i + 2;
    if (text.substr(i, 2) == "\\x" && text.size() - i >= 4 &&
        std::from_chars(hex, hex + 2, byte, 16).ptr == hex + 2) {
      plain += static_cast<char>(byte);
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// "docker-ID.scope", "libpod-ID" and the like.
std::optional<std::string> prefixed_container(std::string_view name) {
  struct Manager {
    std::string_view prefix;
    std::string_view name;
  };
  constexpr std::array<Manager, 5> kManagers = {{{"docker-", "docker"},
                                                 {"libpod-", "podman"},
                                                 {"cri-containerd-", "containerd"},
                                                 {"nerdctl-", "containerd"},
                                                 {"crio-", "crio"}}};
  if (ends_with(name, ".scope")) {
    name.remove_suffix(6);
  }
  for (const Manager& manager : kManagers) {
    // The whole rest must be an id: "libpod-conmon-ID" is podman's monitor,
    // which is outside of the container.
    if (starts_with(name, manager.prefix) &&
        is_container_id(name.substr(manager.prefix.size()))) {
      return container_text(manager.name, name.substr(manager.prefix.size()));
    }
  }
  return std::nullopt;
}

// "/docker/ID", "/kubepods/burstable/podUID/ID", "/k8s.io/ID".
std::optional<std::string> bare_container(std::string_view parents,
                                          std::string_view name) {
  if (!is_container_id(name)) {
    return std::nullopt;
  }
  std::string_view above = parents;
  const std::string_view parent = take_last(above);
  if (parent == "docker") {
    return container_text("docker", name);
  }
  // Without the systemd driver CRI-O still writes a prefix; containerd does not.
  if (parent == "k8s.io" || parents.find("/kubepods") != std::string_view::npos) {
    return container_text("containerd", name);
  }
  return std::nullopt;
}

std::optional<std::string> lxc_container(std::string_view parents,
                                         std::string_view name) {
  constexpr std::string_view kPayload = "lxc.payload.";
  if (starts_with(name, kPayload) && name.size() > kPayload.size()) {
    return "lxc:" + std::string(name.substr(kPayload.size()));
  }
  const std::string_view parent = take_last(parents);
  if ((parent == "lxc" || parent == "lxc.payload") && !name.empty()) {
    return "lxc:" + std::string(name);
  }
  return std::nullopt;
}

// "systemd-nspawn@NAME.service", "machine-NAME.scope". libvirt registers its
// virtual machines under the latter too; those are no containers. `below` is
// the next component: "supervisor" is systemd-nspawn itself, outside.
std::optional<std::string> nspawn_container(std::string_view name,
                                            std::string_view below) {
  constexpr std::string_view kService = "systemd-nspawn@";
  constexpr std::string_view kScope = "machine-";
  std::string_view machine;
  if (starts_with(name, kService) && ends_with(name, ".service")) {
    machine = name.substr(kService.size());
    machine.remove_suffix(8);
  } else if (starts_with(name, kScope) && ends_with(name, ".scope") &&
             !starts_with(name, "machine-qemu") &&
             !starts_with(name, "machine-lxc\\x2d")) {
    machine = name.substr(kScope.size());
    machine.remove_suffix(6);
  }
  return machine.empty() || below == "supervisor"
             ? std::nullopt
             : std::optional<std::string>("nspawn:" + unescape(machine));
}

}  // namespace

bool is_container_id(std::string_view text) {
  return text.size() == 64 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string container_text(std::string_view manager, std::string_view id) {
  return std::string(manager) + ":" + std::string(id.substr(0, kShownIdLength));
}

std::optional<std::string> unit_of_cgroup(const std::string& path) {
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view name = take_last(rest);
    if (is_unit(name)) {
      return std::string(name);
    }
  }
  return std::nullopt;
}

std::optional<std::string> container_of_cgroup(const std::string& path) {
  std::string_view below;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view name = take_last(rest);
    for (const auto& found :
         {prefixed_container(name), bare_container(rest, name),
          lxc_container(rest, name), nspawn_container(name, below)}) {
      if (found) {
        return found;
      }
    }
    below = name;
  }
  return std::nullopt;
}

}  // namespace portwatch
