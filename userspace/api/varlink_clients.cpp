#include "userspace/api/varlink_clients.h"

#include <cstdint>
#include <tuple>

namespace portwatch {

VarlinkConnection& VarlinkClients::add(std::unique_ptr<VarlinkConnection> client) {
  const int fd = client->fd();
  return *(clients_[fd] = std::move(client));
}

VarlinkConnection* VarlinkClients::find(int fd) {
  const auto found = clients_.find(fd);
  return found == clients_.end() ? nullptr : found->second.get();
}

std::size_t VarlinkClients::subscribers() const {
  std::size_t count = 0;
  for (const auto& [fd, client] : clients_) {
    count += client->subscription ? 1 : 0;
  }
  return count;
}

std::size_t VarlinkClients::owned_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [fd, client] : clients_) {
    bytes += client->owned_bytes();
  }
  return bytes;
}

std::map<uid_t, std::size_t> VarlinkClients::clients_by_uid() const {
  std::map<uid_t, std::size_t> counts;
  for (const auto& [fd, client] : clients_) {
    ++counts[client->peer().viewer.uid];
  }
  return counts;
}

VarlinkConnection* VarlinkClients::most_expendable(
    const VarlinkConnection* newcomer) {
  const std::map<uid_t, std::size_t> counts = clients_by_uid();
  const auto rank = [&](const VarlinkConnection& client) {
    return std::tuple(SIZE_MAX - counts.at(client.peer().viewer.uid),
                      client.subscription.has_value(), client.last_activity);
  };
  VarlinkConnection* chosen = nullptr;
  for (const auto& [fd, client] : clients_) {
    if (client.get() != newcomer &&
        (chosen == nullptr || rank(*client) < rank(*chosen))) {
      chosen = client.get();
    }
  }
  return chosen;
}

VarlinkConnection* VarlinkClients::slowest_reader() {
  VarlinkConnection* chosen = nullptr;
  for (const auto& [fd, client] : clients_) {
    if (client->owned_bytes() > 0 &&
        (chosen == nullptr || client->last_activity < chosen->last_activity)) {
      chosen = client.get();
    }
  }
  return chosen;
}

}  // namespace portwatch
