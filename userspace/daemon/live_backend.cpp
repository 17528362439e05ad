#include "userspace/daemon/live_backend.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "fallback/fallback.h"

namespace portwatch {
namespace {

// Records taken in at one turn of the loop: a storm must not keep clients and
// signals waiting.
constexpr std::size_t kRecordsPerTurn = 4096;
constexpr std::chrono::seconds kPause{1};
// What a recovery takes in: all that was in the ring, not what goes on coming.
constexpr std::size_t kRecordsPerRecovery = 262'144;

}  // namespace

LiveBackend::LiveBackend(const Clock& clock, const Options& options,
                         Publish publish)
    : clock_(clock),
      publish_(std::move(publish)),
      describer_(clock),
      table_(options.max_sockets,
             [this](const TaskFacts& task) { return describer_.creator(task); }),
      proc_net_(open("/proc/net", O_PATH | O_DIRECTORY | O_CLOEXEC)),
      drop_one_in_(options.drop_one_in) {}

Result<std::unique_ptr<LiveBackend>> LiveBackend::start(const Clock& clock,
                                                        const Options& options,
                                                        Publish publish) {
  std::unique_ptr<LiveBackend> backend(
      new LiveBackend(clock, options, std::move(publish)));
  if (auto ready = backend->bootstrap(options.session); !ready) {
    return ready.error();
  }
  return backend;
}

Result<void> LiveBackend::bootstrap(const BpfSession::Options& options) {
  auto session = BpfSession::begin(options);
  if (!session) {
    return session.error();
  }
  session_ = std::move(session).value();
  session_->on_record([this](auto bytes) { on_record(bytes); });
  auto picture = KernelPicture::make(*session_);
  if (!picture) {
    return picture.error();
  }
  picture_ = std::move(picture).value();
  auto gaps = picture_->track_existing();
  if (!gaps) {
    return gaps.error();
  }
  gaps_ = std::move(gaps).value();
  if (!session_->whole_host()) {
    gaps_.push_back({"scope",
                     "portwatchd runs inside a container: only its own cgroup "
                     "and pid namespace are seen"});
  }
  if (auto reader = make_snapshot_reader(Source::sock_diag, clock_)) {
    sock_diag_ = std::move(reader).value();
  }
  if (session_->inherited()) {
    if (auto taken = take_over(); !taken) {
      return taken;
    }
  }
  if (auto taken = take_silent_picture(); !taken) {
    return taken;
  }
  session_->finish();
  // The programs of a daemon before us may have written without waking anybody.
  session_->await_more(true);
  return drain();
}

// What is there at the start is no news.
Result<void> LiveBackend::take_silent_picture() {
  const BootTime begun = clock_.boot_now();
  const auto sockets = picture_->sockets(0);
  if (!sockets) {
    return sockets.error();
  }
  for (const SocketEntry& entry : *sockets) {
    (void)table_.adopt(entry, begun);
  }
  return {};
}

Result<std::size_t> LiveBackend::take_picture() {
  const BootTime begun = clock_.boot_now();
  auto sockets = picture_->sockets(0);
  if (!sockets) {
    return sockets.error();
  }
  const auto repairs = table_.resync(*sockets, begun);
  publish_all(repairs);
  return repairs.size();
}

void LiveBackend::on_record(std::span<const std::byte> bytes) {
  auto record = decode_record(bytes);
  if (!record) {
    ++undecodable_;
    return;
  }
  ++events_;
  if (drop_one_in_ != 0 && events_ % drop_one_in_ == 0) {
    return;
  }
  loss_.note(record->cpu, record->seq);
  if (predecessor_ != nullptr && !predecessor_->first) {
    predecessor_->first =
        std::visit([](const auto& e) { return e.when; }, record->event);
  }
  if (auto* socket = std::get_if<SocketEvent>(&record->event)) {
    if (socket->kind == SocketEvent::Kind::bind &&
        socket->task.id.pid == own_pid_) {
      return;  // we try what the kernel's tables show (fallback/sock_diag.cpp)
    }
    if (predecessor_ != nullptr) {
      recall(*socket);
    }
    publish_all(table_.apply(*socket));
    return;
  }
  if (const auto* failure = std::get_if<FailureEvent>(&record->event)) {
    on_failure(*failure);
    return;
  }
  const auto& process = std::get<ProcessEvent>(record->event);
  table_.apply(process);
  if (process.kind == ProcessEvent::Kind::exit) {
    on_exit(process);
  }
  if (process.kind != ProcessEvent::Kind::fork) {
    describer_.forget(process.task.id);
  }
}

Result<void> LiveBackend::drain() {
  described_.clear();
  const auto count = take_in(kRecordsPerTurn);
  if (!count) {
    return count.error();
  }
  if (*count == kRecordsPerTurn) {
    return {};  // more is waiting, and holes may yet be filled
  }
  session_->await_more(*count != 0);
  return settle_losses(false);
}

Result<std::size_t> LiveBackend::take_in(std::size_t limit) {
  auto count = session_->consume(limit);
  blame_ = {};
  return count;
}

// Whatever was not told is found by looking: full rings, records that make no
// sense, hooks that the kernel skipped, sockets that could not be tracked. The
// last two may go on for as long as a storm or a shortage does: unless somebody
// asks, they wait for `kPause` after the last time.
Result<void> LiveBackend::settle_losses(bool at_once) {
  const auto counters = session_->counters();
  std::uint64_t lost =
      loss_.settle(counters.drops) + std::exchange(undecodable_, 0);
  const std::uint64_t skips = session_->skipped_runs();
  const bool rested = clock_.boot_now() - recovered_ >= kPause;
  if (at_once || rested || lost != 0) {
    lost += skips - std::exchange(settled_skips_, skips);
    lost += counters.storage_failures - settled_failures_;
  }
  return lost == 0 || drop_one_in_ != 0 ? Result<void>() : recover(lost);
}

// A socket that could not be tracked is tried again by the full pass.
Result<void> LiveBackend::retry_untracked() {
  const std::uint64_t before = session_->counters().storage_failures;
  if (before == settled_failures_ && untracked_ == 0) {
    return {};
  }
  if (auto pass = picture_->track_held(); !pass) {
    return pass.error();
  }
  settled_failures_ = session_->counters().storage_failures;
  untracked_ = settled_failures_ - before;
  return {};
}

// What was recorded before the loss was seen is taken in before the picture is
// read: of a socket that is gone by then, it is all that will ever be told.
Result<void> LiveBackend::recover(std::uint64_t lost) {
  if (auto current = take_in(kRecordsPerRecovery); !current) {
    return current.error();
  }
  lost_ += lost;
  describer_.forget_all();
  Change loss;
  loss.type = ChangeType::events_lost;
  loss.time = clock_.wall_now();
  loss.count = lost;
  publish_.change(std::move(loss));
  if (auto retried = retry_untracked(); !retried) {
    return retried.error();
  }
  auto repairs = take_picture();
  if (!repairs) {
    return repairs.error();
  }
  ++resyncs_;
  Change done;
  done.type = ChangeType::resynced;
  done.time = clock_.wall_now();
  done.repairs = *repairs;
  publish_.change(std::move(done));
  recovered_ = clock_.boot_now();
  session_->remember_told();
  return {};
}

// What the table knows of a socket: everything but who holds it.
Binding LiveBackend::binding_of(const TrackedSocket& socket) const {
  Binding binding = describer_.binding(socket.facts);
  if (socket.since) {
    binding.since = clock_.to_wall(*socket.since);
  }
  binding.creator = socket.creator;
  if (socket.facts
          .kernel) {  // whoever made it, `ip` for one, has no part in it now
    binding.held_by = HeldBy::kernel;
    binding.holders.emplace();
  }
  return binding;
}

Backend::Portions LiveBackend::known() const {
  return [this, ids = table_.ids(), at = std::size_t{0}](std::size_t most) mutable {
    std::vector<Binding> some;
    while (some.size() < most && at < ids.size()) {
      const TrackedSocket* socket = table_.find_id(ids[at++]);
      if (socket != nullptr && socket->facts.endpoint.port != 0 &&
          takes_a_port(socket->facts)) {
        some.push_back(binding_of(*socket));
        some.back().held_by =
            socket->facts.kernel ? HeldBy::kernel : HeldBy::process;
      }
    }
    return some;
  };
}

void LiveBackend::publish_all(const std::vector<TableChange>& changes) {
  for (const TableChange& from : changes) {
    const TrackedSocket& socket = from.socket;
    Change change;
    change.type = from.type;
    change.time = clock_.to_wall(from.when);
    change.reconstructed = from.reconstructed;
    Binding binding = binding_of(socket);
    binding.held_by = socket.facts.kernel ? HeldBy::kernel : HeldBy::process;
    if (from.type == ChangeType::release) {
      binding.until = change.time;
      binding.held_by = HeldBy::nobody;
      binding.holders.emplace();
    }
    change.binding = std::move(binding);
    publish_.change(std::move(change));
  }
}

Status LiveBackend::status() {
  Status status;
  Answer nothing = new_answer();
  if (const char* hidden = hidden_holders()) {
    nothing.miss({"holders", hidden});
  }
  status.source = Source::ebpf;
  status.confidence = nothing.confidence;
  status.missing = nothing.missing;
  status.hooks = session_->hooks();
  if (session_->pins() && !session_->pins()->empty()) {
    status.pins = *session_->pins();
  }
  status.events = events_;
  status.failures = failures_;
  const FailureHooks& results = session_->bind_results();
  status.bind_results = results.tier();
  if (!results.refused().empty()) {
    status.bind_results_refused = results.refused();
  }
  status.results_missed = results.missed();
  status.events_lost = lost_;
  status.resyncs = resyncs_;
  status.full_passes = full_passes_;
  status.bindings = table_.size();
  return status;
}

}  // namespace portwatch
