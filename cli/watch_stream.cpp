#include "cli/watch_stream.h"

#include <algorithm>

#include "cli/exit_code.h"

namespace portwatch::cli {
namespace {

bool is_about_a_port(ChangeType type) {
  return type != ChangeType::events_lost && type != ChangeType::resynced;
}

}  // namespace

WatchStream::WatchStream(Context& context, const OutputOptions& output, Rules rules)
    : context_(context),
      format_(output.format()),
      quiet_(output.quiet),
      view_{{}, context.backends.own_netns(), style_for(output, context), 0},
      rules_(std::move(rules)) {}

bool WatchStream::is_named(ChangeType type) const {
  return std::find(rules_.types.begin(), rules_.types.end(), type) !=
         rules_.types.end();
}

bool WatchStream::passes(const Change& change) const {
  if (!is_about_a_port(change.type)) {
    return true;
  }
  return (rules_.types.empty() || is_named(change.type)) &&
         matches(rules_.filter, change);
}

std::string WatchStream::text_of(const Change& change) const {
  switch (format_) {
    case Format::json:
      return event_json(change);
    case Format::plain:
      return event_plain(change);
    case Format::people:
      break;
  }
  return event_line(change, view_);
}

bool WatchStream::show(const Change& change) {
  if (!passes(change)) {
    return true;
  }
  if (!quiet_ && !context_.streams.out.write(text_of(change))) {
    return false;
  }
  if (is_about_a_port(change.type) || is_named(change.type)) {
    ++shown_;
  }
  return !rules_.count || shown_ < *rules_.count;
}

}  // namespace portwatch::cli
