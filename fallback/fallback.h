// fallback.h - the backends that work without eBPF, best first.
//
// A new backend is one new file and one line in the list in fallback.cpp.
#pragma once

#include <memory>

#include "userspace/base/clock.h"
#include "userspace/source/snapshot_reader.h"

namespace portwatch {

// The named backend. Errors: not_supported when it is not for this system or
// (sock_diag) the kernel refuses netlink. The clock must outlive the reader.
Result<std::unique_ptr<SnapshotReader>> make_snapshot_reader(Source source,
                                                             const Clock& clock);

// The best that works here: sock_diag, else procfs.
Result<std::unique_ptr<SnapshotReader>> make_best_snapshot_reader(
    const Clock& clock);

}  // namespace portwatch
