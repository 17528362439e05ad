#include "userspace/daemon/netns_facts.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "userspace/source/host_facts_reader.h"
#include "userspace/source/netns_scope.h"

namespace portwatch {

Result<HostFacts> host_facts_of(std::uint32_t netns) {
  const auto view = find_namespaces(netns);
  if (!view) {
    return view.error();
  }
  const auto where =
      std::find_if(view->namespaces.begin(), view->namespaces.end(),
                   [&](const Namespace& one) { return one.inode == netns; });
  if (where == view->namespaces.end()) {
    return Error{Errc::not_found, "network namespace " + std::to_string(netns) +
                                      ": no process is in it and it has no name"};
  }
  std::optional<Result<HostFacts>> facts;
  const auto entered =
      run_in_namespace(*where, [&] { facts.emplace(read_host_facts()); });
  if (!entered) {
    return entered.error();
  }
  if (*entered) {
    return **entered;
  }
  return std::move(*facts);
}

}  // namespace portwatch
