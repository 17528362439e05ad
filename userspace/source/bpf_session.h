// bpf_session.h - the kernel side, loaded and attached, for as long as it lives.
//
// Threads: one. Owns every program, map and link; destruction detaches all.
// The kernel is told nothing that it must forget: no pins, no settings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/model/status.h"
#include "userspace/source/cgroup_root.h"

struct bpf_link;
struct portwatch_bpf;
struct ring_buffer;

namespace portwatch {

// One deleter for everything libbpf gives away.
struct BpfDeleter {
  void operator()(bpf_link* link) const;
  void operator()(portwatch_bpf* skeleton) const;
  void operator()(ring_buffer* ring) const;
};
using BpfLink = std::unique_ptr<bpf_link, BpfDeleter>;

class BpfSession {
 public:
  // `ring_bytes` is rounded up to a power of two and a page at least.
  // Loads and attaches; events flow from then on. Every hook is needed for an
  // exact answer, so one that cannot attach is an error that names it:
  // not_permitted (rights are missing, or another tool holds the cgroup
  // exclusively), not_supported (this kernel cannot load the programs).
  static Result<std::unique_ptr<BpfSession>> open(std::size_t ring_bytes);
  ~BpfSession();

  // Readable when records wait.
  int event_fd() const;
  using RecordCallback = std::function<void(std::span<const std::byte>)>;
  // Hands over waiting records, oldest first, at most `limit`, and returns how
  // many: fewer than the limit means that the ring was empty.
  Result<std::size_t> consume(std::size_t limit);
  void on_record(RecordCallback callback) { on_record_ = std::move(callback); }

  struct Counters {
    std::uint64_t drops = 0;  // records refused by a full ring
    std::uint64_t storage_failures = 0;
  };
  Counters counters() const;  // since open(), summed over the CPUs
  // Runs of the hooks that the kernel skipped, since open(): what they would
  // have told is lost. (cgroup programs are never skipped.)
  std::uint64_t skipped_runs() const;

  // With the runs that the kernel skipped, read now.
  std::vector<HookStatus> hooks() const;

  // False inside a container: only sockets of this cgroup subtree, or only
  // processes of this pid namespace are seen.
  bool whole_host() const { return cgroup_.whole_host && init_pid_namespace_; }

  portwatch_bpf& skeleton() { return *skeleton_; }

 private:
  struct Hook {
    std::string name;
    int program_fd;
    bool skippable;  // by the kernel's recursion guard
    BpfLink link;
  };

  BpfSession() = default;
  Result<void> load(std::size_t ring_bytes);
  Result<void> attach_all();
  Result<void> open_ring();
  static int handle_record(void* self, void* data, std::size_t size);

  CgroupRoot cgroup_;
  bool init_pid_namespace_ = false;
  std::unique_ptr<portwatch_bpf, BpfDeleter> skeleton_;
  std::vector<Hook> hooks_;
  std::unique_ptr<ring_buffer, BpfDeleter> ring_;
  RecordCallback on_record_;
  std::size_t budget_ = 0;  // records that consume() may still hand over
};

}  // namespace portwatch
