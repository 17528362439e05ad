// netns_scope.h - the network namespaces that a look covers, and going there.
//
// Source: namespaces(7), setns(2). Found are the namespaces of processes and
// those with a name in /run/netns. One that only a single thread, a descriptor
// or a socket keeps alive is not found.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/unique_fd.h"
#include "userspace/model/answer.h"

namespace portwatch {

struct Namespace {
  std::uint32_t inode = 0;
  UniqueFd handle;  // nsfs file; none for the calling thread's own
  pid_t pid = 0;    // a process that was seen there; 0 = none
  std::optional<std::string> name;

  bool own() const { return !handle.valid(); }
};

struct NamespaceView {
  std::vector<Namespace> namespaces;  // the calling thread's own first
  std::uint32_t own = 0;              // inode of the calling thread's own
  std::optional<Missing> gap;         // "namespaces": some may be unseen
};

// The own namespace, or the one with inode `only`, or (0) all that are visible.
// Error: /proc cannot be read.
Result<NamespaceView> find_namespaces(std::uint32_t only);

// Who we are and who would see more, for people: "uid 1000 (run as root...)".
std::string seen_by();

// Runs `body` with the calling thread in `where`, and comes back. The value is
// empty when that was done, else why the namespace could not be entered (the
// body was not run then). Error: the thread could not come back; the program
// must not go on with it.
Result<std::optional<Error>> run_in_namespace(const Namespace& where,
                                              const std::function<void()>& body);

}  // namespace portwatch
