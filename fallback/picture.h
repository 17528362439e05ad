// picture.h - the bindings of all visible namespaces, without their holders.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fallback/fd_scan.h"
#include "fallback/socket_tables.h"
#include "userspace/model/answer.h"

namespace portwatch {

struct Picture {
  std::vector<Binding> bindings;  // those that the question admits
  std::vector<Missing> missing;   // "sockets", "namespaces"
  // Sockets that are told as TCP and may be MPTCP; inodes, ascending. They are
  // in `bindings` even when the question is about MPTCP only.
  std::vector<std::uint64_t> maybe_mptcp;
  std::optional<FdScan> scan;  // of all sockets, where that was needed anyway
};

// Reads the tables, and where they do not show sockets that are bound and do
// not listen, searches for those. Errors: as SocketTables::read().
Result<Picture> take_picture(SocketTables& tables, const NamespaceView& view,
                             const Question& question);

// One binding for all paths of an MPTCP connection: several TCP sockets with
// one inode and mostly one port.
void drop_twins(std::vector<Binding>& bindings);

}  // namespace portwatch
