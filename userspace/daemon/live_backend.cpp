#include "userspace/daemon/live_backend.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "fallback/fallback.h"

namespace portwatch {
namespace {

// Records taken in at one turn of the loop: a storm must not keep clients and
// signals waiting.
constexpr std::size_t kRecordsPerTurn = 4096;

}  // namespace

LiveBackend::LiveBackend(const Clock& clock, const Options& options,
                         Publish publish)
    : clock_(clock),
      publish_(std::move(publish)),
      describer_(clock),
      table_(options.max_sockets,
             [this](const TaskFacts& task) { return describer_.creator(task); }) {}

Result<std::unique_ptr<LiveBackend>> LiveBackend::start(const Clock& clock,
                                                        const Options& options,
                                                        Publish publish) {
  std::unique_ptr<LiveBackend> backend(
      new LiveBackend(clock, options, std::move(publish)));
  if (auto ready = backend->bootstrap(options.ring_bytes); !ready) {
    return ready.error();
  }
  return backend;
}

Result<void> LiveBackend::bootstrap(std::size_t ring_bytes) {
  auto session = BpfSession::open(ring_bytes);
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
    closing_ = std::move(reader).value();
  }
  // What is there at the start is no news.
  const Publish publish = std::exchange(publish_, [](const Change&) {});
  auto repairs = take_picture();
  publish_ = publish;
  if (!repairs) {
    return repairs.error();
  }
  return drain();
}

// One reading can skip a live socket: the kernel resumes inside a bucket by
// counting, and an element that dies meanwhile shifts the rest. Two readings in
// a row skip the same one only if that happens twice at the same place, so what
// either shows is taken; what died between them is told by its own event.
Result<std::vector<SocketEntry>> LiveBackend::whole_picture() {
  auto first = picture_->sockets(0);
  if (!first) {
    return first.error();
  }
  auto second = picture_->sockets(0);
  if (!second) {
    return second.error();
  }
  std::unordered_set<std::uint64_t> seen;
  for (const SocketEntry& entry : *second) {
    seen.insert(entry.socket.id);
  }
  std::copy_if(
      first->begin(), first->end(), std::back_inserter(*second),
      [&](const SocketEntry& entry) { return !seen.contains(entry.socket.id); });
  return second;
}

Result<std::size_t> LiveBackend::take_picture() {
  const BootTime begun = clock_.boot_now();
  auto sockets = whole_picture();
  if (!sockets) {
    return sockets.error();
  }
  const auto repairs = table_.resync(*sockets, begun);
  publish_all(repairs);
  return repairs.size();
}

void LiveBackend::on_record(std::span<const std::byte> bytes) {
  const auto record = decode_record(bytes);
  if (!record) {
    ++undecodable_;
    return;
  }
  ++events_;
  loss_.note(record->cpu, record->seq);
  if (const auto* socket = std::get_if<SocketEvent>(&record->event)) {
    publish_all(table_.apply(*socket));
    return;
  }
  const auto& process = std::get<ProcessEvent>(record->event);
  table_.apply(process);
  if (process.kind != ProcessEvent::Kind::fork) {
    describer_.forget(process.task.id);
  }
}

Result<void> LiveBackend::drain() { return take_in(kRecordsPerTurn); }

Result<void> LiveBackend::take_in(std::size_t limit) {
  const auto count = session_->consume(limit);
  if (!count) {
    return count.error();
  }
  if (*count == limit) {
    return {};  // more is waiting; losses are settled when the ring is empty
  }
  const std::uint64_t lost =
      loss_.settle(session_->counters().drops) + std::exchange(undecodable_, 0);
  return lost == 0 ? Result<void>() : recover(lost);
}

Result<void> LiveBackend::recover(std::uint64_t lost) {
  lost_ += lost;
  describer_.forget_all();
  Change loss;
  loss.type = ChangeType::events_lost;
  loss.time = clock_.wall_now();
  loss.count = lost;
  publish_(std::move(loss));
  auto repairs = take_picture();
  if (!repairs) {
    return repairs.error();
  }
  ++resyncs_;
  Change done;
  done.type = ChangeType::resynced;
  done.time = clock_.wall_now();
  done.repairs = *repairs;
  publish_(std::move(done));
  return {};
}

void LiveBackend::publish_all(const std::vector<TableChange>& changes) {
  for (const TableChange& from : changes) {
    const TrackedSocket& socket = from.socket;
    Change change;
    change.type = from.type;
    change.time = clock_.to_wall(from.when);
    change.reconstructed = from.reconstructed;
    Binding binding = describer_.binding(socket.facts);
    if (socket.since) {
      binding.since = clock_.to_wall(*socket.since);
    }
    if (socket.creator != nullptr) {
      binding.creator = *socket.creator;
    }
    binding.held_by = socket.facts.kernel ? HeldBy::kernel : HeldBy::process;
    if (from.type == ChangeType::release) {
      binding.until = change.time;
      binding.held_by = HeldBy::nobody;
      binding.holders.emplace();
    }
    change.binding = std::move(binding);
    publish_(std::move(change));
  }
}

Status LiveBackend::status() {
  Status status;
  const Answer nothing = new_answer();
  status.source = Source::ebpf;
  status.confidence = nothing.confidence;
  status.missing = nothing.missing;
  status.hooks = session_->hooks();
  status.events = events_;
  status.events_lost = lost_;
  status.resyncs = resyncs_;
  status.bindings = table_.size();
  return status;
}

}  // namespace portwatch
