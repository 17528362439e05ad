// holder_proof.h - do the descriptors that were found account for every
// reference to a socket?
//
// A socket's struct file counts its references: one for each descriptor slot
// (a descriptor table shared with CLONE_FILES is one slot for several
// processes), one for each system call blocked in poll or accept on it, one for
// each message in flight and each io_uring fixed file. If the slots and blocked
// calls that we can see add up, nobody else can hold the socket: proven, in a
// time that does not grow with the host. Who shares a table adds no reference, but
// the table counts its tasks: the threads of the processes that were found must be
// as many. (A thread that has a table of its own again counts for one too many.)
// Source: fget/fput in fs/file.c, poll_table in fs/select.c; measured on 6.18.
#pragma once

#include <map>
#include <set>
#include <span>
#include <vector>

#include "userspace/model/socket_event.h"

namespace portwatch {

struct SocketHolders {
  struct Holder {
    TaskFacts task;
    std::vector<int> fds;  // ascending, distinct
  };
  SocketFacts facts;  // live
  std::map<ProcessId, Holder> holders;
  std::size_t slots = 0;            // distinct (descriptor table, number)
  std::uint32_t references = 0;     // the most that was read
  std::uint32_t waiters = 0;        // the fewest that was read
  bool shared_unseen = false;       // a table has tasks of processes not found
  std::set<ProcessId> ring_owners;  // whose io_uring keeps it as a fixed file
  std::size_t ring_slots = 0;       // distinct (ring, slot)

  // Everything is accounted for.
  bool proven() const {
    return slots + waiters + ring_slots >= references && !shared_unseen;
  }
};

// Groups what a look found by socket: by id or, where it is not tracked (the
// application's side of MPTCP, accepted connections), by inode.
std::vector<SocketHolders> group_by_socket(std::span<const HolderFacts> found);

}  // namespace portwatch
