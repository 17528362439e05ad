#include "fallback/fallback.h"

#include <array>

#include "fallback/proc_net_tables.h"
#include "fallback/snapshot.h"
#include "fallback/sock_diag_tables.h"

namespace portwatch {
namespace {

using MakeTables = Result<std::unique_ptr<SocketTables>> (*)();

struct Backend {
  Source source;
  MakeTables make;
};

// Best first.
constexpr std::array<Backend, 2> kBackends = {{
    {Source::sock_diag, make_sock_diag_tables},
    {Source::procfs, make_proc_net_tables},
}};

Result<std::unique_ptr<SnapshotReader>> make(const Backend& backend,
                                             const Clock& clock) {
  auto tables = backend.make();
  if (!tables) {
    return tables.error();
  }
  return make_linux_snapshot(std::move(*tables), clock);
}

}  // namespace

Result<std::unique_ptr<SnapshotReader>> make_snapshot_reader(Source source,
                                                             const Clock& clock) {
  for (const Backend& backend : kBackends) {
    if (backend.source == source) {
      return make(backend, clock);
    }
  }
  return Error{Errc::not_supported,
               std::string(to_string(source)) + " is not a backend of this system"};
}

Result<std::unique_ptr<SnapshotReader>> make_best_snapshot_reader(
    const Clock& clock) {
  Error last{Errc::not_supported, "no backend works on this system"};
  for (const Backend& backend : kBackends) {
    auto reader = make(backend, clock);
    if (reader) {
      return reader;
    }
    last = reader.error();
  }
  return last;
}

}  // namespace portwatch
