#include "userspace/detector/detectors.h"

#include <algorithm>

namespace portwatch {
namespace {

bool is_told_by_detectors(ChangeType type) {
  switch (type) {
    case ChangeType::bind_failure_loop:
    case ChangeType::crash_loop:
    case ChangeType::loop_ended:
    case ChangeType::orphan:
    case ChangeType::owner_changed:
    case ChangeType::time_wait_pile:
      return true;
    default:
      return false;
  }
}

}  // namespace

Detectors::Detectors(const DetectorOptions& options, std::size_t max_keys)
    : bind_failure_loop_(options.bind_failures, max_keys),
      crash_loop_(options.crash_loop, options.automatic_ports, max_keys),
      orphan_(options.automatic_ports, max_keys),
      owner_change_(options.automatic_ports, max_keys),
      time_wait_pile_(options.time_wait, max_keys) {
  bind_failure_loop_.pair_with(crash_loop_.series());
}

std::vector<Change> Detectors::observe(const Change& change, const Moment& now) {
  std::vector<Change> alerts = advance(now);
  if (!is_told_by_detectors(change.type)) {
    for (Detector* detector : all_) {
      detector->observe(change, now, alerts);
    }
  }
  return alerts;
}

std::vector<Change> Detectors::observe(const ProcessEnd& end, const Moment& now) {
  std::vector<Change> alerts = advance(now);
  for (Detector* detector : all_) {
    detector->observe(end, now, alerts);
  }
  return alerts;
}

std::vector<Change> Detectors::advance(const Moment& now) {
  std::vector<Change> alerts;
  for (Detector* detector : all_) {
    detector->advance(now, alerts);
  }
  return alerts;
}

std::optional<BootTime> Detectors::deadline() const {
  std::optional<BootTime> earliest;
  for (const Detector* detector : all_) {
    const auto next = detector->deadline();
    if (next && (!earliest || *next < *earliest)) {
      earliest = next;
    }
  }
  return earliest;
}

void Detectors::set_options(const DetectorOptions& options) {
  bind_failure_loop_.set_options(options.bind_failures);
  crash_loop_.set_options(options.crash_loop, options.automatic_ports);
  orphan_.set_options(options.automatic_ports);
  owner_change_.set_options(options.automatic_ports);
  time_wait_pile_.set_options(options.time_wait);
}

void Detectors::resume_loops(const std::vector<Change>& past, const Moment& now) {
  std::vector<const Change*> open;
  for (const Change& event : past) {
    if (!event.loop) {
      continue;
    }
    std::erase_if(open, [&](const Change* begun) {
      return same_series(*begun->loop, *event.loop);
    });
    if (event.type != ChangeType::loop_ended) {
      open.push_back(&event);
    }
  }
  for (const Change* alert : open) {
    if (alert->type == ChangeType::crash_loop) {
      crash_loop_.resume(*alert, now);
    } else {
      bind_failure_loop_.resume(*alert, now);
    }
  }
}

void Detectors::resume_orphans(const std::vector<Change>& past,
                               const std::vector<Binding>& there) {
  for (const Change& event : past) {
    if (event.type == ChangeType::orphan && event.process && event.binding) {
      orphan_.resume(event, there);
    }
  }
}

std::vector<Change> Detectors::active_loops() const {
  std::vector<Change> loops;
  bind_failure_loop_.active(loops);
  crash_loop_.active(loops);
  return loops;
}

std::size_t Detectors::size() const {
  return bind_failure_loop_.size() + crash_loop_.size() + orphan_.size() +
         owner_change_.size() + time_wait_pile_.size();
}

}  // namespace portwatch
