// ring_files.h - sockets that live in an io_uring as fixed files, without any
// descriptor.
//
// Source: io_uring_register(2) IORING_REGISTER_FILES; /proc/PID/fdinfo/FD of the
// ring lists them below "UserFiles:" (io_uring/fdinfo.c). Costs a look at every
// descriptor of the host (some 1.5 us each), so it is for sockets whose
// references nothing else explains.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "userspace/model/process.h"

namespace portwatch {

struct RingFile {
  std::uint64_t inode = 0;  // sockfs, of the socket
  std::uint64_t ring = 0;   // inode of the ring
  int slot = 0;
  ProcessId owner;  // has a descriptor on the ring; one of several after a fork
};

// Every slot of every ring that we may look into and that holds one of `sockets`
// (sockfs inodes).
std::vector<RingFile> find_ring_files(const std::set<std::uint64_t>& sockets);

struct RingFacts {
  std::uint64_t inode = 0;
  std::vector<std::pair<int, std::uint64_t>> sockets;  // slot, sockfs inode
};
// /proc/PID/fdinfo/FD of a ring.
RingFacts parse_ring_fdinfo(std::string_view bytes);

}  // namespace portwatch
