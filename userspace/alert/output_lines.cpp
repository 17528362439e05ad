#include "userspace/alert/output_lines.h"

#include <algorithm>

#include "userspace/model/alert_text.h"

namespace portwatch {

void OutputLines::end_line() {
  if (!line_.empty() && spent_ < kMaxBytes) {
    spent_ += std::max(line_.size(), kLineCost);
    on_line_(legible(line_) + (cut_ ? "..." : ""));
    if (spent_ >= kMaxBytes) {
      on_line_("(the rest of the output is discarded)");
    }
  }
  line_.clear();
  cut_ = false;
}

void OutputLines::feed(std::string_view bytes) {
  while (!bytes.empty() && spent_ < kMaxBytes) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::size_t room = kMaxLine - line_.size();
    line_.append(bytes.substr(0, std::min(end, room)));
    cut_ = cut_ || end > room;
    if (end == bytes.size()) {
      return;
    }
    bytes.remove_prefix(end + 1);
    end_line();
  }
}

void OutputLines::end() { end_line(); }

}  // namespace portwatch
