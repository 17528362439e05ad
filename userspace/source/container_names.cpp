#include "userspace/source/container_names.h"

#include <unistd.h>

#include <algorithm>

#include "userspace/source/published_port.h"

namespace portwatch {
namespace {

using Older = ContainerLists::Older;

std::optional<RuntimeContainer> container_named(const std::string& container,
                                                BootTime since,
                                                ContainerLists::Older older,
                                                ContainerLists& lists) {
  const auto colon = container.find(':');
  const std::string begin = container.substr(colon + 1);  // of the id
  return lists.find(
      container.substr(0, colon),
      [&](const RuntimeContainer& one) { return one.id.starts_with(begin); }, since,
      older);
}

// A container that has this address, and publishes this port with it.
bool is_behind(const RuntimeContainer& container, const PublishedPort& published,
               const Endpoint& at) {
  const auto& addresses = container.addresses;
  const auto inside = port_inside(container, at);
  return inside && inside == published.port &&
         std::find(addresses.begin(), addresses.end(), published.address) !=
             addresses.end();
}

// When it began, at the latest.
BootTime begin_of(const Process& process) {
  using Ticks = std::chrono::duration<std::uint64_t, std::ratio<1, 100>>;
  return std::chrono::duration_cast<BootTime>(Ticks(process.id.start_ticks + 1));
}

// The sockets of the runtimes are root's, or the asker's own: what they say is not
// about a process of somebody else that calls itself a proxy.
bool is_trusted(const Process& process) {
  return process.uid && (*process.uid == 0 || *process.uid == geteuid());
}

void complete(PublishedPort& published, const Process& proxy, const Endpoint& at,
              ContainerLists& lists) {
  const BootTime since = begin_of(proxy);
  if (published.container) {  // its monitor
    const auto container =
        container_named(*published.container, since, Older::will_not_do, lists);
    if (container) {
      published.container_name =
          container->name ? container->name : published.container_name;
      published.port = port_inside(*container, at);
      if (!container->addresses.empty()) {
        published.address = container->addresses.front();
      }
    }
  } else if (published.address) {  // its proxy
    const auto container = lists.find(
        "docker",
        [&](const RuntimeContainer& one) { return is_behind(one, published, at); },
        since, Older::will_not_do);
    if (container) {
      published.container = container_text("docker", container->id);
      published.container_name = container->name;
    }
  }
}

// A proxy's connections to its container are not what it publishes.
std::optional<PublishedPort> published_by(const Process& process,
                                          const Binding& binding) {
  const bool takes_port = binding.state == SocketState::listening ||
                          binding.state == SocketState::bound;
  return process.cmdline && takes_port
             ? published_port(*process.cmdline, binding.endpoint)
             : std::nullopt;
}

// Most are not, and share what is known of them.
bool is_for_container(const Process& process, const Binding& binding) {
  return process.container || process.publishes || published_by(process, binding);
}

void name_process(Process& process, const Binding& binding, ContainerLists& lists) {
  name_container(process, lists);
  process.publishes = published_by(process, binding);
  if (process.publishes && is_trusted(process)) {
    complete(*process.publishes, process, binding.endpoint, lists);
  }
}

void name_binding(Binding& binding, ContainerLists& lists) {
  if (binding.creator && is_for_container(*binding.creator, binding)) {
    binding.creator.edit(
        [&](Process& creator) { name_process(creator, binding, lists); });
  }
  if (binding.holders) {
    for (Process& holder : *binding.holders) {
      name_process(holder, binding, lists);
    }
  }
}

}  // namespace

void name_container(Process& process, ContainerLists& lists) {
  if (process.container) {
    const auto container = container_named(*process.container, begin_of(process),
                                           Older::will_do, lists);
    process.container_name = container ? container->name : std::nullopt;
  }
}

void name_containers(std::span<Binding> bindings, ContainerLists& lists) {
  for (Binding& binding : bindings) {
    name_binding(binding, lists);
  }
}

}  // namespace portwatch
