// service.h - what the Varlink server needs from the daemon, and nothing more.
//
// The server takes away what the asker may not see. Sentences (Reason::text,
// Remedy, BindFailure::why, Loop::cause) it takes away only whole, and only where
// /proc is mounted with hidepid: they must not tell what needs ptrace rights, which
// are exe and descriptors of other processes, and so neither the name of a subject
// that is a program, for it begins with its exe.
#pragma once

#include "userspace/base/result.h"
#include "userspace/model/answer.h"
#include "userspace/model/history.h"
#include "userspace/model/status.h"
#include "userspace/model/verdict.h"

namespace portwatch {

class Service {
 public:
  virtual ~Service() = default;

  // Bindings with their holders, in the order of sort_bindings(). All questions up
  // to the next end_questions() were asked before the first of them is answered:
  // one look may serve them all.
  virtual Result<Answer> answer(const Question& question) = 0;
  virtual void end_questions() {}
  // Would the bind succeed? uid and rights are the asker's own, and netns, which is
  // never 0, unless another one was asked for.
  virtual Result<Verdict> why(const BindRequest& request) = 0;
  // Failed binds, and loops (bindFailureLoop, crashLoop, loopEnded), oldest first.
  virtual Result<EventsAnswer> failures(const HistoryQuestion& question) = 0;
  virtual Result<EventsAnswer> loops(const HistoryQuestion& question) = 0;
  // Bindings of the past and of now, with `since` and `until`.
  virtual Result<Answer> history(const HistoryQuestion& question) = 0;
  // clients and subscribers are filled in by the server.
  virtual Status status() = 0;
};

}  // namespace portwatch
