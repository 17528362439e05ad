// kernel_picture.h - the state that the kernel holds, read when asked.
//
// Four looks: the tracked sockets with their live fields, descriptors that were met
// before, the descriptors of one process, the descriptors of every process. Each
// costs time in proportion to what it walks (measured: 50 us + 0.75 us a socket;
// 3 us + 1 us a descriptor; 10-35 us a process; 150 ns a descriptor of the host),
// and needs CAP_BPF and CAP_PERFMON.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "userspace/base/unique_fd.h"
#include "userspace/model/socket_event.h"
#include "userspace/source/bpf_session.h"

namespace portwatch {

class KernelPicture {
 public:
  // The session must outlive the picture.
  static Result<std::unique_ptr<KernelPicture>> make(BpfSession& session);

  // Every tracked socket that holds `port` now, all namespaces. 0: every
  // tracked socket, those that hold no port at the moment too.
  Result<std::vector<SocketEntry>> sockets(Port port);

  // Every descriptor on a socket with `port` (0: any) of one process. Tracks on the
  // way what no hook saw. A process that is gone has none. Kernels before 6.1 show
  // all processes.
  Result<std::vector<HolderFacts>> holders_of(pid_t pid, Port port);
  // The same of descriptors that were met before, the first kMostSlots of `slots`.
  // One that leads to its socket no more is left out. All others did so before the
  // references were counted and after, four times in a row.
  static constexpr std::size_t kMostSlots = 64;
  Result<std::vector<HolderFacts>> holders_at(
      std::span<const DescriptorSlot> slots);
  // As holders_of() for every process that our pid namespace shows.
  Result<std::vector<HolderFacts>> all_holders(Port port);

  // The same walk, only to track what is not tracked yet.
  Result<void> track_held();

  // Some hosts hide process 1 from iterators. True when the last all_holders()
  // met none of its descriptors although /proc lists some.
  bool init_is_hidden() const;

  // Starts to track what exists already: sockets with a descriptor anywhere,
  // and those without (kernel, in flight) in every network namespace that can
  // be entered. Returns what could not be looked at. Leaves the caller in its
  // own network namespace. Error: a pass failed, or the way back did.
  Result<std::vector<Missing>> track_existing();

 private:
  explicit KernelPicture(BpfSession& session) : session_(session) {}
  int pass_over(pid_t pid);
  Result<std::vector<std::byte>> walk_descriptors(Port port, bool only_track);
  Result<bool> walk_sockets(std::vector<SocketEntry>& entries);
  Result<void> track_kernel_sockets(std::vector<Missing>& gaps);
  Result<void> track_in_this_netns();

  BpfSession& session_;
  std::map<pid_t, BpfLink> passes_;  // of single processes, to be used again
  BpfLink sockets_;
  BpfLink holders_;
  BpfLink tag_tcp_;
  BpfLink tag_udp_;
};

}  // namespace portwatch
