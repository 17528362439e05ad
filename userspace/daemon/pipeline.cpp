#include "userspace/daemon/pipeline.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>
#include <utility>

#include "userspace/api/json.h"
#include "userspace/source/container_names.h"
#include "userspace/source/port_range.h"

namespace portwatch {
namespace {

DetectorOptions detector_options(const Config& config) {
  DetectorOptions options;
  options.bind_failures = {config.bind_failures.burst,
                           config.bind_failures.interval};
  options.crash_loop = {config.crash_loop.burst, config.crash_loop.interval,
                        config.crash_loop.reset_after};
  options.time_wait.threshold = config.time_wait_threshold;
  const auto automatic = local_port_range();
  options.automatic_ports.low = automatic.first;
  options.automatic_ports.high = automatic.last;
  return options;
}

std::set<Port> taken_of(const std::set<Port>& ports, const Backend& backend) {
  std::set<Port> taken;
  if (ports.empty()) {
    return taken;
  }
  constexpr std::size_t kPortion = 1024;
  const auto known = backend.known();
  for (auto some = known(kPortion); !some.empty(); some = known(kPortion)) {
    for (const Binding& binding : some) {
      if (ports.contains(binding.endpoint.port)) {
        taken.insert(binding.endpoint.port);
      }
    }
  }
  return taken;
}

void log_hook(HookLevel level, const std::string& line) {
  spdlog::log(
      level == HookLevel::warning ? spdlog::level::warn : spdlog::level::info, "{}",
      line);
}

}  // namespace

Pipeline::Pipeline(const Clock& clock, EventLoop& loop, EventLog& log, Past& past,
                   ContainerLists& containers, const Config& config,
                   bool to_journal)
    : clock_(clock),
      loop_(loop),
      log_(log),
      past_(past),
      containers_(containers),
      detectors_(detector_options(config)),
      hooks_(loop, clock, log_hook, {}),
      to_journal_(to_journal) {
  set_hooks(config.hooks);
}

void Pipeline::set_hooks(const std::vector<HookRule>& rules) {
  has_hooks_ = !rules.empty();
  hooks_.set_rules(rules);
}

void Pipeline::apply(const Config& config) {
  detectors_.set_options(detector_options(config));
  set_hooks(config.hooks);
  await_deadline();
}

// Before that, ids of processes and namespaces were others'.
std::vector<Change> Pipeline::told_since_boot(
    const std::vector<ChangeType>& types) const {
  HistoryQuestion question;
  question.since = clock_.to_wall(BootTime{0});
  std::vector<Change> all;  // oldest first
  do {
    auto page = past_.events(types, question);
    if (!page) {
      spdlog::warn("loops and orphans of before are not known: {}",
                   page.error().context);
      return all;
    }
    all.insert(all.begin(), std::make_move_iterator(page->events.begin()),
               std::make_move_iterator(page->events.end()));
    question.before = page->before;
  } while (question.before && all.size() < kMaxHistoryRows);
  return all;
}

void Pipeline::resume_loops() {
  detectors_.resume_loops(
      told_since_boot({ChangeType::bind_failure_loop, ChangeType::crash_loop,
                       ChangeType::loop_ended}),
      {clock_.boot_now(), clock_.wall_now()});
  await_deadline();
}

void Pipeline::resume_orphans(Backend& backend) {
  const std::vector<Change> past = told_since_boot({ChangeType::orphan});
  std::set<Port> told;
  for (const Change& orphan : past) {
    told.insert(port_of(orphan));
  }
  for (const Port port : taken_of(told, backend)) {
    Question question;
    question.port = port;
    if (const auto there = backend.answer(question)) {
      detectors_.resume_orphans(past, there->bindings);
    }
  }
}

void Pipeline::meet(std::vector<Binding> there) {
  const Moment now{clock_.boot_now(), clock_.wall_now()};
  for (Binding& binding : there) {
    Change change;
    change.type = binding.state == SocketState::listening ? ChangeType::listen
                                                          : ChangeType::bind;
    change.time = now.wall;
    change.reconstructed = true;
    change.binding = std::move(binding);
    name(change);
    emit_all(detectors_.observe(change, now));
  }
}

void Pipeline::take(Change change) {
  name(change);
  const bool lost = change.type == ChangeType::events_lost;
  const Moment moment = moment_of(change.time);
  auto alerts = detectors_.observe(change, moment);
  emit(std::move(change));
  if (lost) {
    detectors_.forget();
  }
  emit_all(std::move(alerts));
}

void Pipeline::take(const ProcessEnd& end) {
  const Moment moment{end.when, clock_.to_wall(end.when)};
  past_.keep(end, moment.wall);
  emit_all(detectors_.observe(end, moment));
}

void Pipeline::emit(Change change) {
  const Change& numbered = log_.push(std::move(change));
  if (tell_) {
    tell_(numbered);
  }
  // Written once for the two that want it; subscribers see what they may.
  const bool is_kept = past_.wants_text(numbered);
  const std::string text =
      is_kept || has_hooks_ ? json_text(numbered) : std::string();
  if (has_hooks_) {
    hooks_.deliver(numbered, text);
  }
  past_.keep(numbered, text);
  if (to_journal_ && is_alert(numbered.type)) {
    journal_.write(numbered);
  }
}

void Pipeline::emit_all(std::vector<Change> alerts) {
  for (Change& alert : alerts) {
    emit(std::move(alert));
  }
  await_deadline();
}

// When it was on the clock that detectors count by.
Moment Pipeline::moment_of(WallTime time) const {
  const BootTime ago = clock_.wall_now() - time;
  return {clock_.boot_now() - std::max(ago, BootTime{0}), time};
}

void Pipeline::name(Change& change) {
  if (change.binding) {
    name_containers({&*change.binding, 1}, containers_);
  }
  if (!change.failure) {
    return;
  }
  name_container(change.failure->process, containers_);
  if (change.failure->blockers) {
    name_containers(*change.failure->blockers, containers_);
    mark_orphans(*change.failure->blockers);
  }
}

void Pipeline::mark_orphans(std::vector<Binding>& bindings) const {
  for (Binding& binding : bindings) {
    if (!binding.holders) {
      continue;
    }
    for (Process& holder : *binding.holders) {
      if (detectors_.is_orphan(holder.id)) {
        holder.orphan = true;
      }
    }
  }
}

// One timer, for the earliest thing that time alone brings about.
void Pipeline::await_deadline() {
  const auto next = detectors_.deadline();
  if (next == awaited_) {
    return;
  }
  loop_.cancel(timer_);
  awaited_ = next;
  if (next) {
    const auto delay = std::chrono::ceil<std::chrono::milliseconds>(
        std::max(*next - clock_.boot_now(), BootTime{0}));
    timer_ = loop_.after(delay, [this] { on_deadline(); });
  }
}

void Pipeline::on_deadline() {
  awaited_.reset();
  emit_all(detectors_.advance({clock_.boot_now(), clock_.wall_now()}));
}

}  // namespace portwatch
