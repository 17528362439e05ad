// pipeline.h - the way of all news through the daemon.
//
// A change is given names and a number, told to who watches, kept, judged by the
// detectors; what they say goes the same way, and alerts go to journal and hooks
// as well. Nothing here waits for anybody.
//
// Threads: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "userspace/alert/hooks.h"
#include "userspace/alert/journal.h"
#include "userspace/api/event_log.h"
#include "userspace/base/clock.h"
#include "userspace/base/event_loop.h"
#include "userspace/daemon/backend.h"
#include "userspace/daemon/config.h"
#include "userspace/daemon/past.h"
#include "userspace/detector/detectors.h"
#include "userspace/source/container_lists.h"

namespace portwatch {

class Pipeline {
 public:
  using Tell = std::function<void(const Change&)>;

  // All references must outlive the pipeline. to_journal: not of a private daemon.
  Pipeline(const Clock& clock, EventLoop& loop, EventLog& log, Past& past,
           ContainerLists& containers, const Config& config, bool to_journal);
  ~Pipeline() { loop_.cancel(timer_); }

  void take(Change change);
  void take(const ProcessEnd& end);
  // Who is told of every numbered change, beside the log.
  void tell(Tell tell) { tell_ = std::move(tell); }
  void apply(const Config& config);
  // What the daemon before us told and did not see the end of, from the past: loops
  // before there is news, orphans when the backend works: it is asked for the ports
  // that orphans had and that are taken.
  void resume_loops();
  void resume_orphans(Backend& backend);
  // What was bound before us, for the detectors: no news. No more of it than they
  // would remember.
  void meet(std::vector<Binding> there);

  // Loops that go on now: the alert of each.
  std::vector<Change> active_loops() const { return detectors_.active_loops(); }
  // Says of the processes of `bindings` what the detectors know.
  void mark_orphans(std::vector<Binding>& bindings) const;
  AlertStatus alerts() const { return hooks_.status(); }

 private:
  std::vector<Change> told_since_boot(const std::vector<ChangeType>& types) const;
  void set_hooks(const std::vector<HookRule>& rules);
  void emit(Change change);
  void emit_all(std::vector<Change> alerts);
  void name(Change& change);
  void await_deadline();
  void on_deadline();
  Moment moment_of(WallTime time) const;

  const Clock& clock_;
  EventLoop& loop_;
  EventLog& log_;
  Past& past_;
  ContainerLists& containers_;
  Detectors detectors_;
  Hooks hooks_;
  bool has_hooks_ = false;
  const bool to_journal_;
  Journal journal_;
  Tell tell_;
  std::optional<BootTime> awaited_;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace portwatch
