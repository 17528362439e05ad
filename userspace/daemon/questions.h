// questions.h - what the daemon is asked: the present from the backend, the past
// from the memory, and verdicts from both.
//
// Threads: the loop's. A verdict enters the namespace that it is about for a
// moment.
#pragma once

#include "userspace/api/service.h"
#include "userspace/daemon/backend.h"
#include "userspace/daemon/past.h"
#include "userspace/daemon/pipeline.h"
#include "userspace/source/container_lists.h"

namespace portwatch {

class Questions {
 public:
  // All must outlive it.
  Questions(Backend& backend, Past& past, Pipeline& pipeline,
            ContainerLists& containers, const Clock& clock)
      : backend_(backend),
        past_(past),
        pipeline_(pipeline),
        containers_(containers),
        clock_(clock) {}

  // As the methods of Service.
  Result<Answer> answer(const Question& question);
  Result<Verdict> why(const BindRequest& request);
  Result<EventsAnswer> failures(const HistoryQuestion& question);
  Result<EventsAnswer> loops(const HistoryQuestion& question);
  Result<Answer> history(const HistoryQuestion& question);
  void end();  // as Service::end_questions()

 private:
  std::vector<Change> recent_failures(const BindRequest& request) const;
  void add_last_owners(std::vector<Binding>& on_port,
                       const BindRequest& request) const;
  void doubt_events(EventsAnswer& answer, const std::string& what) const;

  Backend& backend_;
  Past& past_;
  Pipeline& pipeline_;
  ContainerLists& containers_;
  const Clock& clock_;
  bool was_large_ = false;  // an answer since the last end()
};

}  // namespace portwatch
