#include "cli/watch_by_looking.h"

#include <poll.h>

#include <algorithm>
#include <map>

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

// The source compares sockets and looks for no process. Who holds those that are
// new is looked up once for all of them; one that is gone by then stays unknown.
void name_holders(SnapshotReader& reader, std::vector<Change>& changes) {
  const auto is_new = [](const Change& c) { return c.type != ChangeType::release; };
  if (std::none_of(changes.begin(), changes.end(), is_new)) {
    return;
  }
  auto answer = reader.read(Question());
  if (!answer) {
    return;
  }
  std::map<std::string, const Binding*> now;
  for (const Binding& binding : answer->bindings) {
    now.emplace(binding.id, &binding);
  }
  for (Change& change : changes) {
    const auto found =
        change.binding && is_new(change) ? now.find(change.binding->id) : now.end();
    if (found != now.end()) {
      change.binding->holders = found->second->holders;
    }
  }
}

// False when the stream has enough.
bool show_all(std::vector<Change>& changes, std::uint64_t& seq,
              WatchStream& stream) {
  return std::all_of(changes.begin(), changes.end(), [&](Change& change) {
    change.seq = ++seq;
    return stream.show(change);
  });
}

}  // namespace

Result<void> watch_by_looking(Context& context, SnapshotReader& reader,
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
    name_holders(reader, *changes);
    if (!show_all(*changes, seq, stream)) {
      return {};
    }
    if (deadline && left_until(*deadline) <= milliseconds(0)) {
      return Error{Errc::timed_out, "the time is over"};
    }
    if (!wait(context, pace.interval, deadline)) {
      return {};
    }
  }
}

}  // namespace portwatch::cli
