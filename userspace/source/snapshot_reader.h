// snapshot_reader.h - looks at the system once, for one question.
//
// Implemented by every backend without events (fallback/). Portable: nothing
// here names an operating system.
#pragma once

#include "userspace/base/result.h"
#include "userspace/model/answer.h"

namespace portwatch {

class SnapshotReader {
 public:
  virtual ~SnapshotReader() = default;

  virtual Source source() const = 0;

  // A complete look taken now: the bindings that the question admits, with
  // their holders, in the order of sort_bindings(); a question with a port gets
  // hide_served_connections(). What could not be seen is
  // in Answer::missing; confidence is snapshot, or partial then.
  // Error: the backend cannot work here at all (not_supported,
  // not_permitted), so that the caller may try the next one.
  virtual Result<Answer> read(const Question& question) = 0;
};

}  // namespace portwatch
