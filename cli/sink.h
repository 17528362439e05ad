// sink.h - where the words of a command go: a descriptor, or a test's string.
#pragma once

#include <string>
#include <string_view>

#include "userspace/base/result.h"

namespace portwatch::cli {

class Sink {
 public:
  virtual ~Sink() = default;
  // Writes all of `text`, in one write(2) where the system takes it.
  // Errors: closed when nobody reads any more (EPIPE), io otherwise.
  virtual Result<void> write(std::string_view text) = 0;
};

// Does not own the descriptor.
class FdSink final : public Sink {
 public:
  explicit FdSink(int fd) : fd_(fd) {}
  Result<void> write(std::string_view text) override;

 private:
  int fd_;
};

}  // namespace portwatch::cli
