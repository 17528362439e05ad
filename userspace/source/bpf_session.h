// bpf_session.h - the kernel side, loaded and attached, for as long as it lives.
//
// Threads: one, but for begin(). Owns every program, map and link; destruction
// detaches all, and removes the pins unless leave_pins() was called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/model/status.h"
#include "userspace/source/bpf_deleter.h"
#include "userspace/source/cgroup_root.h"
#include "userspace/source/failure_hooks.h"
#include "userspace/source/pins.h"

struct bpf_map;
struct bpf_program;

namespace portwatch {

class BpfSession {
 public:
  struct Options {
    // Rounded up to a power of two and a page at least. An inherited ring is as
    // large as it was made.
    std::size_t ring_bytes = 2 * 1024 * 1024;
    // In bpffs; empty: nothing is pinned. Without rights to it the session works
    // too, see pins().
    std::string pin_directory;
    // A way that the kernel refuses is no error of open(), see bind_results().
    BindResults bind_results = BindResults::automatic;
    // Sockets that one walk for a picture has room for, 128 bytes each of the
    // kernel's memory; where there are more, it takes another walk.
    std::size_t picture_size = 65536;
  };
  // Loads and attaches; events flow from then on. Every hook is needed for an
  // exact answer, so one that cannot attach is an error that names it:
  // not_permitted (rights are missing, or another tool holds the cgroup
  // exclusively), not_supported (this kernel cannot load the programs).
  static Result<std::unique_ptr<BpfSession>> open(const Options& options);
  // The same, but the hooks of failures are loaded by another thread meanwhile,
  // which takes about as long as a first look at the host: until finish() nothing
  // of them may be asked for. Signals must be blocked before: that thread takes
  // none.
  static Result<std::unique_ptr<BpfSession>> begin(const Options& options);
  void finish();  // once, after begin()
  ~BpfSession();

  // Readable when records wait, or when it is time to look whether they do.
  int event_fd() const { return events_.get(); }
  using RecordCallback = std::function<void(std::span<const std::byte>)>;
  // Hands over waiting records, oldest first, at most `limit`, and returns how
  // many: fewer than the limit means that the ring was empty.
  Result<std::size_t> consume(std::size_t limit);
  void on_record(RecordCallback callback) { on_record_ = std::move(callback); }
  // To be called after consume() found the ring empty; `some`: not at once. A hook
  // that has to wake us costs its process 0.5 us a record, so records that follow
  // soon after others are left to a timer, which stops as soon as none came.
  void await_more(bool some);

  struct Counters {
    std::uint64_t drops = 0;  // records refused by a full ring
    std::uint64_t storage_failures = 0;
  };
  // Summed over the CPUs, since open() or, with inherited pins, since the last
  // remember_told() of the daemon before.
  Counters counters() const;
  // Runs of the hooks that the kernel skipped, since the same instant: what they
  // would have told is lost. (cgroup programs are never skipped.)
  std::uint64_t skipped_runs() const;
  // All losses until now have been told; who inherits the pins counts from here.
  void remember_told() const;

  // The directory of the pins, or why there are none.
  const Result<std::string>& pins() const { return pins_said_; }
  // The socket storage and the ring are those of a daemon that did not stop
  // cleanly: the ring holds what happened since.
  bool inherited() const { return inherited_; }
  // The hooks stay attached after destruction, for the next daemon.
  void leave_pins() { leave_pins_ = true; }

  // How failures are seen. Lost runs of its hooks are not in skipped_runs(): no
  // picture would bring them back.
  const FailureHooks& bind_results() const { return failures_; }

  // All, those of failures too; with the runs that the kernel skipped, read now.
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

  struct Unmap {
    std::size_t bytes;
    void operator()(void* pages) const;
  };
  using Mapping = std::unique_ptr<void, Unmap>;

  BpfSession() = default;
  void open_pins(const std::string& directory);
  Result<void> load(const Options& options);
  Result<void> set_up_object(const Options& options);
  Result<void> attach_all();
  Result<BpfLink> attach(bpf_program* program);
  Result<BpfLink> attach_anew(bpf_program* program);
  Result<void> open_ring();
  Result<void> map_positions();
  Result<void> map_counters();
  static Mapping map_for_reading(const bpf_map* map, std::size_t bytes);
  bool ring_is_empty() const;
  Counters total_counters() const;
  std::uint64_t own_skipped_runs() const;
  // bpf_session_pins.cpp
  bool inherit_maps();
  void pin_maps();
  BpfLink inherit_link(bpf_program* program);
  void pin_link(const bpf_program* program, const BpfLink& link);
  void drop_pins(const Error& why);
  static int handle_record(void* self, void* data, std::size_t size);

  std::unique_ptr<Pins> pins_;
  Result<std::string> pins_said_ = std::string();
  bool inherited_ = false;
  bool leave_pins_ = false;
  Counters told_;  // by the daemon before
  std::uint64_t told_skips_ = 0;
  std::uint64_t old_skips_ = 0;  // of the programs that ours replaced
  CgroupRoot cgroup_;
  bool init_pid_namespace_ = false;
  std::unique_ptr<portwatch_bpf, BpfDeleter> skeleton_;
  std::vector<Hook> hooks_;
  FailureHooks failures_;
  std::future<FailureHooks> loading_;  // uses the skeleton: waits for it at the end
  std::unique_ptr<ring_buffer, BpfDeleter> ring_;
  UniqueFd events_;  // epoll: the ring and the timer
  UniqueFd timer_;
  Mapping positions_;  // consumer's page, producer's page
  Mapping counters_;   // pw_counters of each possible CPU
  RecordCallback on_record_;
  std::size_t budget_ = 0;  // records that consume() may still hand over
};

}  // namespace portwatch
