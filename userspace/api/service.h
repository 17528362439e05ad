// service.h - what the Varlink server needs from the daemon, and nothing more.
#pragma once

#include "userspace/base/result.h"
#include "userspace/model/answer.h"
#include "userspace/model/status.h"

namespace portwatch {

class Service {
 public:
  virtual ~Service() = default;

  // Bindings with their holders, in the order of sort_bindings(). The server
  // takes away what the asker may not see; the service tells all it knows.
  // All questions up to the next end_questions() were asked before the first of
  // them is answered: one look may serve them all.
  virtual Result<Answer> answer(const Question& question) = 0;
  virtual void end_questions() {}
  // clients and subscribers are filled in by the server.
  virtual Status status() = 0;
};

}  // namespace portwatch
