// watch_stream.h - shows the events that pass, one line each, until enough.
#pragma once

#include <optional>
#include <vector>

#include "cli/common_options.h"
#include "cli/context.h"
#include "cli/filter.h"
#include "cli/print.h"

namespace portwatch::cli {

class WatchStream {
 public:
  struct Rules {
    Filter filter;
    std::vector<ChangeType> types;     // empty: all
    std::optional<std::size_t> count;  // stop after that many
  };

  WatchStream(Context& context, const OutputOptions& output, Rules rules);

  // Shows the change if it passes, flushed; false when it was the last one: the
  // count is reached or nobody reads any more. eventsLost and resynced always
  // pass, and count only when --event names them.
  bool show(const Change& change);

  // The count was asked for and is not reached.
  bool wants_more() const { return rules_.count && shown_ < *rules_.count; }

 private:
  bool is_named(ChangeType type) const;
  bool passes(const Change& change) const;
  std::string text_of(const Change& change) const;

  Context& context_;
  Format format_;
  bool quiet_;
  View view_;
  Rules rules_;
  std::size_t shown_ = 0;
};

}  // namespace portwatch::cli
