// journal.h - alerts as entries of systemd's journal, with fields.
//
// Speaks journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL) on a
// socket that never blocks: sd_journal_sendv(3) waits when journald does not read.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "userspace/base/unique_fd.h"
#include "userspace/model/change.h"

namespace portwatch {

class Journal {
 public:
  explicit Journal(std::string path = "/run/systemd/journal/socket")
      : path_(std::move(path)) {}

  // One entry: MESSAGE (alert_text), MESSAGE_ID, PRIORITY and the PORTWATCH_ fields
  // of alert_fields(). Nothing happens where no journald runs; an entry that cannot
  // be written at once is lost, and counted.
  void write(const Change& change);
  std::uint64_t lost() const { return lost_; }

 private:
  const std::string path_;
  UniqueFd socket_;
  std::uint64_t lost_ = 0;
};

// The fixed MESSAGE_ID of a type, 32 hexadecimal digits; "" for those that are no
// alerts. `journalctl MESSAGE_ID=...` finds all of one type.
std::string_view message_id(ChangeType type);

}  // namespace portwatch
