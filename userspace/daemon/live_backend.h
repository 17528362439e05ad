// live_backend.h - the exact backend: events in, proven answers out.
//
// Threads: one. Order at the start (facts: a socket is either found by the
// picture or seen by a hook, never neither): attach, picture, replay.
#pragma once

#include <unistd.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/daemon/backend.h"
#include "userspace/daemon/describer.h"
#include "userspace/model/host_facts.h"
#include "userspace/source/bpf_session.h"
#include "userspace/source/event_decoder.h"
#include "userspace/source/kernel_picture.h"
#include "userspace/source/loss_counter.h"
#include "userspace/source/read_file.h"
#include "userspace/source/snapshot_reader.h"
#include "userspace/table/holder_proof.h"
#include "userspace/table/port_table.h"

namespace portwatch {

class LiveBackend final : public Backend {
 public:
  struct Options {
    BpfSession::Options session;
    std::size_t max_sockets = 1'000'000;
    // For tests of the tests: one record in so many is thrown away and losses are
    // not repaired. 0: none, as it must be.
    std::uint64_t drop_one_in = 0;
  };

  // Returns with the table complete. The clock must outlive the backend.
  // Errors as BpfSession::open().
  static Result<std::unique_ptr<LiveBackend>> start(const Clock& clock,
                                                    const Options& options,
                                                    Publish publish);

  int event_fd() const override { return session_->event_fd(); }
  Result<void> drain() override;
  Result<Answer> answer(const Question& question) override;
  void end_questions() override { looks_.clear(); }
  Status status() override;
  Portions known() const override;
  void leave_pins() override { session_->leave_pins(); }
  const BpfSession& session() const { return *session_; }

 private:
  using Groups = std::vector<SocketHolders>;
  // What is known of the time before us, see live_takeover.cpp.
  struct Predecessor {
    std::unordered_map<std::uint64_t, SocketEntry> alive;  // by id
    std::vector<SocketEntry> subflows;  // alive, and of MPTCP as it seems
    std::vector<SocketFacts> closed_mptcp;
    std::unordered_set<std::uint64_t> ended;  // ids
    std::optional<BootTime> first;            // record that it had not read
  };

  LiveBackend(const Clock& clock, const Options& options, Publish publish);
  Result<void> bootstrap(const BpfSession::Options& options);
  Result<void> take_over();
  Result<void> replay();
  void recall(SocketEvent& event);
  void recall_mptcp(const SocketFacts& closed);
  void adopt_silently(const SocketEntry& entry);
  Result<void> take_silent_picture();
  void on_record(std::span<const std::byte> bytes);
  Result<std::size_t> take_in(std::size_t limit);
  void on_failure(const FailureEvent& event);
  void on_exit(const ProcessEvent& event);
  std::optional<std::vector<Binding>> blockers_of(const FailureEvent& event);
  bool may_look();
  void note_look(BootTime begun);
  const std::vector<Binding>& held_for_blame(Port port);
  Groups holders_for_blame(Port port);
  void make_current(Port port, std::vector<Binding>& bindings);
  const HostFacts& facts_for_blame(const BindFailure& failure);
  const Answer* look_for_blame(Port port);
  Result<Answer> look_at_all_on(Port port);
  Binding binding_of(const TrackedSocket& socket) const;
  void publish_all(const std::vector<TableChange>& changes);
  Result<std::size_t> take_picture();
  Result<void> settle_losses(bool at_once);
  Result<void> retry_untracked();
  Result<void> recover(std::uint64_t lost);

  Result<Answer> who(const Question& question);
  Result<Answer> list(const Question& question);
  using Proof = std::optional<Groups>;  // empty: not proven
  Result<Proof> proven_holders(Port port, bool connections);
  Proof look_again(Port port, const std::set<ProcessId>& processes,
                   const std::vector<TrackedSocket>& known);
  void remember_slots(Port port, const std::vector<HolderFacts>& found);
  Result<Groups> every_holder(Port port);
  Result<Groups> settled_holders(Port port);
  void find_ring_owners(Groups& groups) const;
  void add_ring_owners(const std::set<ProcessId>& owners, Binding& binding);
  void adopt_unknown(const Groups& groups);
  void remember(const Groups& groups);
  struct Look {
    std::vector<Binding> bindings;
    bool adds_up = true;
  };
  Result<const Look*> look(Port port);
  Result<Look> look_at_everybody(Port port);
  Result<void> add_look(const Question& question, Answer& answer);
  Result<void> add_lone_connections(const Question& question, Answer& answer);
  Result<void> add_untracked(const Question& question, Answer& answer);
  Result<void> add_strangers(std::vector<Binding> strangers,
                             const Question& question, Answer& answer);
  void add_met(const Groups& groups, std::vector<Binding>& strangers,
               Answer& answer);
  void add_in_flight(std::vector<Binding> sockets, Answer& answer);
  void doubt_namespaces(const Answer& tables, const Question& question,
                        Answer& answer) const;
  void add_sctp(const Question& question, Answer& answer);
  std::optional<Answer> read_tables(const Question& question, Answer& answer);
  Groups without_holder(const std::vector<SocketEntry>& before,
                        const std::vector<SocketEntry>& after,
                        const Groups& groups) const;
  bool has_stale_port(const SocketHolders& holders) const;
  void update_table(Port port, const std::vector<SocketEntry>& before,
                    const std::vector<SocketEntry>& after, BootTime begun);
  Binding describe(const SocketHolders& holders);
  const char* hidden_holders() const;
  void doubt_in_flight(Answer& answer) const;
  Answer new_answer() const;
  bool may_be_taken_silently(Port port);

  const Clock& clock_;
  Publish publish_;
  Describer describer_;
  PortTable table_;
  LossCounter loss_;
  std::unique_ptr<BpfSession> session_;
  std::unique_ptr<KernelPicture> picture_;
  std::unique_ptr<SnapshotReader> sock_diag_;  // null where netlink is refused
  UniqueFd proc_net_;                          // /proc/net, of our own namespace
  KeptFile port_range_;                        // ip_local_port_range
  std::map<ProcessId, Process> described_;  // holders of the answer in the making
  // Where the sockets of a port were held when that was last proven.
  struct Slots {
    std::set<ProcessId> processes;
    std::vector<DescriptorSlot> slots;
  };
  std::unordered_map<Port, Slots> slots_;
  std::vector<Missing> gaps_;                 // of the bootstrap
  std::unique_ptr<Predecessor> predecessor_;  // while take_over() replays
  std::map<Port, Look> looks_;                // since the last end_questions()
  // Of this turn of the loop, see live_failures.cpp.
  struct Blame {
    std::map<Port, std::vector<Binding>> held;
    std::map<Port, std::optional<Answer>> looks;
    std::map<std::uint32_t, HostFacts> facts;  // by namespace
  };
  Blame blame_;
  struct {
    BootTime left{};     // below 0 after a look that took longer
    BootTime counted{};  // when `left` was
  } looking_;
  const std::uint64_t drop_one_in_;
  const pid_t own_pid_ = getpid();
  std::uint64_t events_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t undecodable_ = 0;
  std::uint64_t settled_skips_ = 0;     // of session_->skipped_runs()
  std::uint64_t settled_failures_ = 0;  // of the counter storage_failures
  std::uint64_t untracked_ = 0;         // sockets that failed again when retried
  BootTime recovered_{};                // when the last recovery ended
  std::uint64_t lost_ = 0;
  std::uint64_t resyncs_ = 0;
  std::uint64_t full_passes_ = 0;
};

}  // namespace portwatch
