// past.h - the daemon's memory of what was: changes in, answers out.
//
// Puts the model into rows of the store (history/) and back. Without a store (it is
// off, or cannot be opened) it answers from the event log, and says what is
// missing.
//
// Threads: the loop's; the store has its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "userspace/api/event_log.h"
#include "userspace/base/clock.h"
#include "userspace/base/event_loop.h"
#include "userspace/daemon/backend.h"
#include "userspace/daemon/config.h"
#include "userspace/history/history_store.h"
#include "userspace/model/history.h"
#include "userspace/model/status.h"

namespace portwatch {

class Past {
 public:
  // clock, loop and log must outlive it.
  Past(const Clock& clock, EventLoop& loop, const EventLog& log)
      : clock_(clock), loop_(loop), log_(log) {}
  ~Past();

  // A store that cannot be opened is no reason not to run: the answers and the
  // status say so.
  void open(const HistorySettings& settings);
  // The backend works; after open(). It is asked for what is bound, and again when
  // the file had to be begun anew, for as long as the loop runs.
  void begin(const Backend& backend);

  // True for an event, whose JSON keep() needs; that of a binding is made later.
  bool wants_text(const Change& change) const;
  void keep(const Change& change, const std::string& text);
  void keep(const ProcessEnd& end, WallTime time);

  Result<EventsAnswer> events(const std::vector<ChangeType>& types,
                              const HistoryQuestion& question) const;
  Result<Answer> bindings(const HistoryQuestion& question) const;
  HistoryStatus status() const;

 private:
  // What is not in the answer although it was asked for.
  template <class Any, class Row>
  void doubt(Any& answer, const HistoryPage<Row>& page) const;
  void doubt_time(Answer& answer, const HistoryQuestion& question,
                  const NotSeen& not_seen) const;
  EventsAnswer from_log(const std::vector<ChangeType>& types,
                        const HistoryQuestion& question,
                        const std::string& why) const;
  void announce();
  void announce_some();
  void read_notices();

  const Clock& clock_;
  EventLoop& loop_;
  const EventLog& log_;
  const Backend* backend_ = nullptr;
  // While what is bound is being announced.
  Backend::Portions unannounced_;
  WallTime announcing_since_{};
  std::unordered_set<std::string> alive_;  // ids of those that the store knows
  EventLoop::TimerId portion_ = 0;
  std::unique_ptr<HistoryStore> store_;
  std::string path_;  // empty: it is off
  std::chrono::seconds max_age_{0};
  std::string refused_;  // why there is no store although it is on
};

}  // namespace portwatch
