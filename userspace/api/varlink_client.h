// varlink_client.h - asks a portwatchd; blocking, with a deadline on each call.
//
// Trusts nothing that comes back: whatever is not a well-formed reply within
// kMaxReplyBytes and before the deadline is an Error. After an error of the
// transport (timed_out, closed, invalid) and after watch() the connection is
// spent, and every further call is `closed`.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "userspace/api/varlink_framing.h"
#include "userspace/api/varlink_message.h"
#include "userspace/base/result.h"
#include "userspace/base/unique_fd.h"
#include "userspace/model/answer.h"
#include "userspace/model/change.h"
#include "userspace/model/history.h"
#include "userspace/model/status.h"
#include "userspace/model/verdict.h"

namespace portwatch {

inline constexpr const char* kSystemSocket = "/run/portwatch/io.portwatch";
inline constexpr std::size_t kMaxReplyBytes = 256u * 1024 * 1024;

class VarlinkClient {
 public:
  // Errors: not_found (no such socket), not_permitted, invalid (not a socket,
  // path too long), closed (nobody listens), timed_out.
  static Result<VarlinkClient> connect(const std::string& path,
                                       std::chrono::milliseconds timeout);

  // Method Who when the question has a port and nothing that Who does not know,
  // List otherwise. question.own_netns is not sent: the daemon sees it itself.
  // Errors: timed_out; closed; invalid (the reply is no Varlink or lacks a
  // field); overloaded, not_permitted, unavailable, not_supported as the daemon
  // says.
  Result<Answer> ask(const Question& question);
  Result<Status> status();
  // request.netns, uid and may_bind_low_ports are not sent: the daemon takes the
  // caller's. Errors as ask(), not_supported from a daemon that is too old.
  Result<Verdict> why(const BindRequest& request);
  // The past: page after page, a call each, up to question.limit.
  Result<EventsAnswer> failures(const HistoryQuestion& question);
  Result<EventsAnswer> loops(const HistoryQuestion& question);
  Result<Answer> history(const HistoryQuestion& question);

  struct WatchRequest {
    std::vector<ChangeType> events;  // empty: all
    std::vector<Port> ports;         // empty: all
    std::size_t recent = 0;          // that many past ones first
  };
  // Calls `on_change` for every event until it returns false, the deadline
  // (none: wait for ever) passes (timed_out) or the daemon goes (closed).
  // Events of a type that this version does not know are passed over.
  Result<void> watch(const WatchRequest& request,
                     std::optional<std::chrono::milliseconds> timeout,
                     const std::function<bool(const Change&)>& on_change);

 private:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;

  VarlinkClient(UniqueFd socket, std::chrono::milliseconds timeout)
      : socket_(std::move(socket)), timeout_(timeout) {}

  // One call, one reply; the error of a reply becomes an Error.
  Result<nlohmann::json> call(std::string_view method, std::string_view parameters);
  // The same, read as a model.
  template <class T>
  Result<T> call_for(std::string_view method, const std::string& parameters,
                     Result<T> (*parse)(const nlohmann::json&));
  // Merges the pages of `method` into one answer.
  template <class T>
  Result<T> call_in_pages(std::string_view method, HistoryQuestion question,
                          Result<T> (*parse)(const nlohmann::json&));
  Result<void> send(std::string_view message, Deadline deadline);
  Result<VarlinkReply> receive(Deadline deadline);
  // Reads what is there, or waits for it.
  Result<void> fill(Deadline deadline);
  Result<void> wait_for(short events, Deadline deadline);
  Error spent(Error error);  // closes the connection

  UniqueFd socket_;
  std::chrono::milliseconds timeout_;
  VarlinkFraming framing_{kMaxReplyBytes};
};

}  // namespace portwatch
