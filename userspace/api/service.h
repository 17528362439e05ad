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
  virtual Result<Answer> answer(const Question& question) = 0;
  // clients and subscribers are filled in by the server.
  virtual Status status() = 0;
};

}  // namespace portwatch
