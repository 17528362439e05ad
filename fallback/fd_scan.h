// fd_scan.h - which process has which socket open, by reading /proc.
//
// Source: proc(5): /proc/PID/fd/N is a link that reads "socket:[INODE]". The
// price is one readlinkat(2) for every descriptor of the host, so nothing else
// is done per descriptor: no allocation, no copy.
//
// Threads: a host with many processes is read by up to four threads, bounded by
// the cores (two cores: 175 -> 105 ms for 1000 processes of 105 descriptors).
// They share nothing but the list of processes and have ended on return.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/result.h"

namespace portwatch {

struct FoundFd {
  std::uint64_t inode = 0;  // sockfs
  pid_t pid = 0;            // of the process, never of one thread
  int fd = -1;
  friend auto operator<=>(const FoundFd&, const FoundFd&) = default;
};

struct FdScan {
  std::vector<FoundFd> found;  // ascending, nothing twice
  // Processes whose descriptors we may not see. Kernel threads are not among
  // them: they have none.
  std::vector<pid_t> refused;
  bool hidden = false;  // /proc does not even list every process (hidepid=)
};

// Which sockets: a sorted list of inodes, or every one.
struct WantedSockets {
  bool all = false;
  std::vector<std::uint64_t> inodes;  // ascending
};

// `processes` trusts that all threads share one table, but for processes whose
// main thread has ended. `threads` reads the table of every thread.
enum class ScanDepth { processes, threads };

// A process that ends in the middle is left out. The walk is no snapshot: a
// descriptor that is passed on meanwhile can be missed.
// Error: /proc cannot be read.
Result<FdScan> scan_fds(const WantedSockets& wanted, ScanDepth depth,
                        const std::string& proc = "/proc");

// The number in "socket:[INODE]"; 0 for any other text.
std::uint64_t socket_inode_of_link(const char* text, std::size_t length);

}  // namespace portwatch
