// holders.h - from "this process has that descriptor" to Binding::holders.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "fallback/fd_scan.h"
#include "userspace/model/answer.h"
#include "userspace/source/process_reader.h"

namespace portwatch {

// Describes each process once for one answer.
class HolderDescriber {
 public:
  explicit HolderDescriber(ProcessReader& reader) : reader_(reader) {}

  // Gives every binding that some of `found` (ascending) hold its holders.
  // Processes that have ended since are left out; bindings that nobody holds
  // are left alone.
  void attach(std::vector<Binding>& bindings, const std::vector<FoundFd>& found);

 private:
  std::optional<Process> describe(pid_t pid);

  ProcessReader& reader_;
  std::map<pid_t, std::optional<Process>> known_;
};

// Says who holds the sockets that need no holder: those without an inode.
void name_processless(std::vector<Binding>& bindings);

// Inodes of the bindings whose holder is not known yet; ascending.
std::vector<std::uint64_t> unexplained_inodes(const std::vector<Binding>& bindings);

// Why the holders that `scan` found may not be all: empty when they are.
// "scope" in a nested pid namespace, "holders" for hidden processes.
std::vector<Missing> holder_gaps(const FdScan& scan);

}  // namespace portwatch
