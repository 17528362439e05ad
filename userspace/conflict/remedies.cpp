#include "userspace/conflict/remedies.h"

#include <algorithm>
#include <array>

#include "userspace/conflict/words.h"

namespace portwatch {
namespace {

// Units whose service is to start others; those it does not start again.
constexpr std::array<std::string_view, 4> kStarters = {
    "cron.service", "crond.service", "atd.service", "anacron.service"};

bool restarts(const Process& process) {
  const std::string unit = process.unit.value_or("");
  return unit.ends_with(".service") && !unit.starts_with("user@") &&
         std::find(kStarters.begin(), kStarters.end(), unit) == kStarters.end();
}

bool is_of_a_user_manager(const Process& process) {
  return process.cgroup && process.cgroup->find("/user@") != std::string::npos;
}

// systemd itself, of the system or of a user: it listens for a .socket unit.
bool is_manager(const Process& process) {
  return process.id.pid == 1 ||
         (process.name == "systemd" && is_of_a_user_manager(process) &&
          process.cgroup->ends_with("/init.scope"));
}

Remedy with_command(std::string text, const std::string& command,
                    std::string_view name) {
  Remedy remedy{std::move(text), std::nullopt};
  if (const auto word = shell_word(name)) {
    remedy.command = command + *word;
  }
  return remedy;
}

struct Manager {
  std::string_view prefix;  // of Process::container
  const char* command;
  bool by_name;  // the name that people gave it does as well as the id
};
constexpr std::array<Manager, 6> kManagers = {
    {{"docker:", "docker stop ", true},
     {"podman:", "podman stop ", true},
     {"containerd:", "crictl stop ", false},
     {"crio:", "crictl stop ", false},
     {"lxc:", "lxc-stop -n ", false},
     {"nspawn:", "machinectl stop ", false}}};

std::optional<Remedy> stop_container(const std::optional<std::string>& container,
                                     const std::optional<std::string>& name) {
  if (!container) {
    return std::nullopt;
  }
  const std::string text = "stop " + container_text(container, name);
  for (const Manager& manager : kManagers) {
    if (container->starts_with(manager.prefix)) {
      return with_command(text, manager.command,
                          name && manager.by_name
                              ? *name
                              : container->substr(manager.prefix.size()));
    }
  }
  return Remedy{text, std::nullopt};
}

// For a proxy whose arguments do not say which container it serves.
Remedy find_container(const Process& proxy) {
  const bool docker = name_of(proxy).starts_with("docker-pro");  // 15 bytes of comm
  return {"stop the container that " + name_of(proxy) + " publishes the port for",
          docker ? "docker ps" : "podman ps"};
}

Remedy stop_unit(const Process& process) {
  const bool user = is_of_a_user_manager(process);
  return with_command("stop " + *process.unit + ", which might start it again",
                      user ? "systemctl --user stop " : "systemctl stop ",
                      *process.unit);
}

Remedy stop_socket_unit(const Process& manager) {
  return {"stop the .socket unit that systemd listens for",
          is_of_a_user_manager(manager) ? "systemctl --user list-sockets"
                                        : "systemctl list-sockets"};
}

// Empty: end the process itself.
std::optional<Remedy> beyond_the_process(const Process& process) {
  if (is_manager(process)) {
    return stop_socket_unit(process);
  }
  if (process.publishes) {
    const auto stop = stop_container(process.publishes->container,
                                     process.publishes->container_name);
    return stop ? stop : find_container(process);
  }
  if (const auto stop = stop_container(process.container, process.container_name)) {
    return stop;
  }
  return restarts(process) ? std::optional(stop_unit(process)) : std::nullopt;
}

struct KernelService {
  Port port;
  bool stream;
  std::string_view name;
  std::string_view command;
};
constexpr std::array<KernelService, 8> kKernelServices = {{
    {4789, false, "VXLAN", "ip -d link show type vxlan"},
    {8472, false, "VXLAN", "ip -d link show type vxlan"},
    {6081, false, "GENEVE", "ip -d link show type geneve"},
    {51820, false, "WireGuard", "ip -d link show type wireguard"},
    {1701, false, "L2TP", "ip l2tp show tunnel"},
    {2049, true, "NFS", "systemctl stop nfs-server"},
    {3260, true, "iSCSI", "targetcli ls /iscsi"},
    {445, true, "SMB", "systemctl stop ksmbd"},
}};

const KernelService* find_service(const Endpoint& endpoint) {
  const auto found = std::find_if(
      kKernelServices.begin(), kKernelServices.end(), [&](const auto& service) {
        return service.port == endpoint.port &&
               service.stream == is_stream(endpoint.protocol);
      });
  return found == kKernelServices.end() ? nullptr : &*found;
}

}  // namespace

std::optional<std::string> shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "@%_+=:,./-";
  const auto is_plain = [&](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || kPlain.find(byte) != kPlain.npos;
  };
  const auto is_control = [](char byte) {
    return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f;
  };
  if (text.empty() || text.front() == '-' ||
      std::any_of(text.begin(), text.end(), is_control)) {
    return std::nullopt;
  }
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    return std::string(text);
  }
  std::string quoted = "'";
  for (const char byte : text) {
    quoted += byte == '\'' ? "'\\''" : std::string(1, byte);
  }
  return quoted + "'";
}

std::vector<Remedy> end_owners(std::span<const Binding> bindings) {
  std::vector<Remedy> remedies;
  std::vector<std::string> ended;
  std::string kill = "kill";
  for (const Process& owner : owners_of(bindings)) {
    const auto remedy = beyond_the_process(owner);
    if (!remedy) {
      ended.push_back(name_of(owner));
      kill += " " + std::to_string(owner.id.pid);
    } else if (std::find(remedies.begin(), remedies.end(), *remedy) ==
               remedies.end()) {
      remedies.push_back(*remedy);
    }
  }
  if (!ended.empty()) {
    ended.erase(std::unique(ended.begin(), ended.end()), ended.end());
    remedies.push_back({"end " + joined(ended), kill});
  }
  return remedies;
}

Remedy reserve_port(Port port, const HostFacts& facts) {
  std::string list;
  for (const PortInterval& ports : facts.reserved) {
    list += std::to_string(ports.first);
    list += ports.last > ports.first ? "-" + std::to_string(ports.last) : "";
    list += ",";
  }
  return {
      "keep automatic ports away from it from now on",
      "sysctl -w net.ipv4.ip_local_reserved_ports=" + list + std::to_string(port)};
}

std::string_view kernel_service(const Endpoint& endpoint) {
  const KernelService* const service = find_service(endpoint);
  return service == nullptr ? "" : service->name;
}

bool is_perhaps_the_kernels(std::span<const Binding> bindings) {
  return owners_of(bindings).empty() &&
         find_service(bindings.front().endpoint) != nullptr;
}

Remedy end_kernel_holder(const Endpoint& endpoint) {
  const KernelService* const service = find_service(endpoint);
  if (service == nullptr) {
    return {"find what in the kernel uses it: a tunnel, a file server",
            "ip -d link show"};
  }
  const std::string name(service->name);
  return {service->stream ? "stop the kernel's " + name + " server"
                          : "delete the " + name + " interface that uses it",
          std::string(service->command)};
}

}  // namespace portwatch
