#include "userspace/api/varlink_framing.h"

namespace portwatch {

void VarlinkFraming::append(std::string_view bytes) {
  bytes_.erase(0, start_);
  scanned_ -= start_;
  start_ = 0;
  bytes_ += bytes;
}

void VarlinkFraming::release_memory() {
  if (start_ == bytes_.size()) {
    bytes_ = {};
    start_ = scanned_ = 0;
  }
}

std::size_t VarlinkFraming::find_end() {
  const std::size_t end = bytes_.find('\0', scanned_);
  scanned_ = end == std::string::npos ? bytes_.size() : end;
  return end;
}

bool VarlinkFraming::too_long() {
  find_end();
  return scanned_ - start_ > limit_;
}

bool VarlinkFraming::has_message() {
  return find_end() != std::string::npos && scanned_ - start_ <= limit_;
}

bool VarlinkFraming::partial() {
  return start_ < bytes_.size() && find_end() == std::string::npos;
}

std::optional<std::string_view> VarlinkFraming::next() {
  if (!has_message()) {
    return std::nullopt;
  }
  const std::string_view message(bytes_.data() + start_, scanned_ - start_);
  start_ = ++scanned_;
  return message;
}

}  // namespace portwatch
