// varlink_clients.h - the clients of the server, and who has to go first.
//
// Owns every VarlinkConnection. Pure bookkeeping: closes nothing by itself.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <unordered_map>

#include "userspace/api/varlink_connection.h"

namespace portwatch {

class VarlinkClients {
 public:
  using Map = std::unordered_map<int, std::unique_ptr<VarlinkConnection>>;

  VarlinkConnection& add(std::unique_ptr<VarlinkConnection> client);
  void erase(int fd) { clients_.erase(fd); }
  VarlinkConnection* find(int fd);

  std::size_t size() const { return clients_.size(); }
  std::size_t subscribers() const;
  // Bytes that wait in queues and belong to one client alone.
  std::size_t owned_bytes() const;

  // Of the uid with most clients, the one that has been idle for longest;
  // subscribers only when it has nothing else. Never `newcomer` (may be null),
  // who is to be served once. nullptr when there is nobody else.
  VarlinkConnection* most_expendable(const VarlinkConnection* newcomer);
  // Of those with owned bytes, the one that has not read for longest.
  VarlinkConnection* slowest_reader();

  Map::iterator begin() { return clients_.begin(); }
  Map::iterator end() { return clients_.end(); }

 private:
  std::map<uid_t, std::size_t> clients_by_uid() const;

  Map clients_;  // by descriptor
};

}  // namespace portwatch
