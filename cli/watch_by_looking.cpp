#include "cli/watch_by_looking.h"

#include <poll.h>

#include <algorithm>

#include "fallback/poll_source.h"

namespace portwatch::cli {
namespace {

using std::chrono::milliseconds;
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

milliseconds left_until(std::chrono::steady_clock::time_point deadline) {
  return std::chrono::ceil<milliseconds>(deadline -
                                         std::chrono::steady_clock::now());
}

// Waits for the next look. False when nobody reads any more.
bool wait(const Context& context, milliseconds interval, const Deadline& deadline) {
  const milliseconds until =
      deadline ? std::clamp(left_until(*deadline), milliseconds(0), interval)
               : interval;
  // A pipe without a reader reports POLLERR, asked for or not; poll(2) ignores
  // a descriptor of -1.
  pollfd reader{context.streams.out_fd, 0, 0};
  return poll(&reader, 1, static_cast<int>(until.count())) <= 0 ||
         (reader.revents & POLLERR) == 0;
}

// False when the stream has enough.
bool show_all(std::vector<Change>& changes, std::uint64_t& seq, Backends& backends,
              WatchStream& stream) {
  return std::all_of(changes.begin(), changes.end(), [&](Change& change) {
    if (change.binding) {
      backends.name_containers({&*change.binding, 1});
    }
    change.seq = ++seq;
    return stream.show(change);
  });
}

}  // namespace

Result<bool> watch_by_looking(Context& context, SnapshotReader& reader,
                              const LookPace& pace, WatchStream& stream) {
  Deadline deadline;
  if (pace.timeout) {
    deadline = std::chrono::steady_clock::now() + *pace.timeout;
  }
  PollSource source(reader, context.clock);
  std::uint64_t seq = 0;
  for (;;) {
    auto changes = source.poll();
    if (!changes) {
      return changes.error();
    }
    if (!show_all(*changes, seq, context.backends, stream)) {
      return false;
    }
    if (deadline && left_until(*deadline) <= milliseconds(0)) {
      return true;
    }
    if (!wait(context, pace.interval, deadline)) {
      return false;
    }
  }
}

}  // namespace portwatch::cli
