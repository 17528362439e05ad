// poll_source.h - changes as the differences of two pictures.
//
// For hosts without eBPF. What lives and dies between two looks is not seen;
// every change is marked reconstructed and timed when it was found.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/model/change.h"
#include "userspace/source/snapshot_reader.h"

namespace portwatch {

class PollSource {
 public:
  // reader and clock must outlive this.
  PollSource(SnapshotReader& reader, const Clock& clock)
      : reader_(reader), clock_(clock) {}

  // Looks once. The first call only fills the picture and returns nothing.
  // What is new comes with its holders. Order: releases, then binds, then listens.
  // A failed look changes nothing; one that sees less than the one before releases
  // nothing.
  Result<std::vector<Change>> poll();

  std::vector<Binding> bindings() const;  // of the last look, without holders
  bool has(const std::string& id) const { return picture_.contains(id); }
  std::size_t size() const { return picture_.size(); }
  // What the last look could not see.
  const std::vector<Missing>& missing() const { return missing_; }

 private:
  SnapshotReader& reader_;
  const Clock& clock_;
  bool primed_ = false;
  std::map<std::string, Binding> picture_;  // by id
  std::vector<Missing> missing_;            // of the last look
  std::vector<Missing> gaps_;               // of those, what hides bindings
};

}  // namespace portwatch
