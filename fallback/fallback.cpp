#include "fallback/fallback.h"

namespace portwatch {

Result<std::unique_ptr<SnapshotReader>> make_snapshot_reader(Source source,
                                                             const Clock&) {
  return Error{Errc::not_supported,
               std::string(to_string(source)) + " is not a backend of this system"};
}

}  // namespace portwatch
