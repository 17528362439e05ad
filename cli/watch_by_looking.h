// watch_by_looking.h - `watch` without a daemon: one look after the other.
#pragma once

#include <chrono>
#include <optional>

#include "cli/context.h"
#include "cli/watch_stream.h"
#include "userspace/source/snapshot_reader.h"

namespace portwatch::cli {

struct LookPace {
  std::chrono::milliseconds interval;
  std::optional<std::chrono::milliseconds> timeout;
};

// Shows the differences until the stream has enough or its reader is gone
// (false), or the time is over (true). Error: what a look fails with.
Result<bool> watch_by_looking(Context& context, SnapshotReader& reader,
                              const LookPace& pace, WatchStream& stream);

}  // namespace portwatch::cli
