// socket_tables.h - where the sockets of one network namespace are read from.
//
// The seam between what is common to all Linux backends (namespaces, holders,
// silent sockets) and what differs: netlink or text files.
#pragma once

#include <optional>
#include <vector>

#include "fallback/socket_record.h"
#include "userspace/model/answer.h"
#include "userspace/source/netns_scope.h"

namespace portwatch {

// Which part of the tables is wanted. More may come back.
struct TableQuery {
  std::optional<Port> port;
  std::optional<Protocol> protocol;
  bool listening = false;
  bool connected = false;
};

struct TableView {
  std::vector<SocketRecord> sockets;
  std::optional<std::uint64_t> netns_cookie;
  std::vector<Missing> missing;
};

class SocketTables {
 public:
  virtual ~SocketTables() = default;

  virtual Source source() const = 0;

  // Does read() show TCP sockets that are bound and do not listen? May turn to
  // false with the first read().
  virtual bool shows_silent_sockets() const = 0;

  // Errors: not_supported, not_permitted: of no use here; or the thread is
  // stuck in a foreign namespace (io). A foreign namespace that cannot be
  // entered is no error but in TableView::missing.
  virtual Result<TableView> read(const Namespace& where,
                                 const TableQuery& query) = 0;
};

}  // namespace portwatch
