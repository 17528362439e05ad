#include "userspace/alert/journal.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "userspace/alert/alert_fields.h"
#include "userspace/model/alert_text.h"

namespace portwatch {
namespace {

// syslog(3): 4 warning, 5 notice, 6 informational.
const char* priority_of(ChangeType type) {
  switch (type) {
    case ChangeType::events_lost:
    case ChangeType::bind_failure_loop:
    case ChangeType::crash_loop:
    case ChangeType::port_conflict:
      return "4";
    case ChangeType::loop_ended:
      return "6";
    default:
      return "5";
  }
}

// A value with a newline has its size before it, as 64 bits, little endian.
void append_field(std::string& entry, std::string_view name,
                  std::string_view value) {
  entry += name;
  if (value.find('\n') == std::string_view::npos) {
    entry += '=';
  } else {
    entry += '\n';
    for (unsigned shift = 0; shift < 64; shift += 8) {
      entry += static_cast<char>(
          (static_cast<std::uint64_t>(value.size()) >> shift) & 0xff);
    }
  }
  entry += value;
  entry += '\n';
}

std::string entry_of(const Change& change) {
  std::string entry;
  append_field(entry, "MESSAGE", alert_text(change));
  append_field(entry, "MESSAGE_ID", message_id(change.type));
  append_field(entry, "PRIORITY", priority_of(change.type));
  append_field(entry, "SYSLOG_IDENTIFIER", "portwatchd");
  for (const auto& [name, value] : alert_fields(change)) {
    append_field(entry, name, value);
  }
  return entry;
}

}  // namespace

std::string_view message_id(ChangeType type) {
  switch (type) {
    case ChangeType::events_lost:
      return "229c04bc075f46ec90c1f6651105b8fa";
    case ChangeType::bind_failed:
      return "b48dcfd792514324ac864c4a28af3784";
    case ChangeType::bind_failure_loop:
      return "cfedc4c7eb954403af86ee0975d1fce2";
    case ChangeType::crash_loop:
      return "2006caec35bd48f6876ea88222622547";
    case ChangeType::loop_ended:
      return "1d0ef643620e4c4c9119740b1213c293";
    case ChangeType::orphan:
      return "15c10659a2994769a133bee9983524b9";
    case ChangeType::owner_changed:
      return "f1b7e7c678f9443cae37d6b9a7edb5a5";
    case ChangeType::time_wait_pile:
      return "cb13ef9ed51745249c3d9a496a93e383";
    case ChangeType::port_conflict:
      return "dd117b4659c042309102adc0d5a29fd5";
    case ChangeType::bind:
    case ChangeType::listen:
    case ChangeType::release:
    case ChangeType::resynced:
      break;
  }
  return "";
}

void Journal::write(const Change& change) {
  if (!socket_.valid()) {
    socket_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  }
  const std::string entry = entry_of(change);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  if (sendto(socket_.get(), entry.data(), entry.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 &&
      errno != ENOENT && errno != ECONNREFUSED) {
    ++lost_;
  }
}

}  // namespace portwatch
