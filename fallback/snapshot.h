// snapshot.h - a SnapshotReader for Linux, over any SocketTables.
//
// One read(): find the namespaces, read their tables, look for sockets that no
// table shows, find the holders, describe them. Holders are looked for only
// when a binding is in the answer: a free port costs no walk through /proc/*/fd.
#pragma once

#include <memory>

#include "fallback/socket_tables.h"
#include "userspace/base/clock.h"
#include "userspace/source/snapshot_reader.h"

namespace portwatch {

// The clock must outlive the reader.
std::unique_ptr<SnapshotReader> make_linux_snapshot(
    std::unique_ptr<SocketTables> tables, const Clock& clock);

}  // namespace portwatch
