#include "userspace/api/varlink_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "userspace/api/json.h"
#include "userspace/api/json_writer.h"
#include "userspace/api/socket_address.h"

namespace portwatch {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kReplyReadBytes = 64 * 1024;

Error timed_out() { return {Errc::timed_out, "portwatchd did not answer in time"}; }

Error connect_error(int number, const std::string& path) {
  const std::string what = "cannot connect to " + path;
  struct stat facts {};
  if (number == EAGAIN || number == EINPROGRESS) {
    return {Errc::timed_out, what + ": its queue is full"};
  }
  if (number == EPROTOTYPE ||
      (stat(path.c_str(), &facts) == 0 && !S_ISSOCK(facts.st_mode))) {
    return {Errc::invalid, what + ": not a stream socket"};
  }
  if (number == ECONNREFUSED) {
    return {Errc::closed, what + ": nobody listens there"};
  }
  return errno_error(number, what);
}

// connect(2) to a full backlog blocks; SO_SNDTIMEO bounds it (unix(7)).
void limit_connect(int socket, milliseconds timeout) {
  const auto us = std::chrono::microseconds(std::max(timeout, milliseconds(1)));
  timeval limit{};
  limit.tv_sec = us.count() / 1000000;
  limit.tv_usec = us.count() % 1000000;
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

// What the daemon said, in the words of a person.
Error reply_error(const VarlinkReply& reply) {
  const std::string& name = reply.error;
  const Errc code = name == varlink_error::kDenied       ? Errc::not_permitted
                    : name == varlink_error::kOverloaded ? Errc::overloaded
                    : name == varlink_error::kUnavailable ||
                            name == varlink_error::kMethodNotFound ||
                            name == varlink_error::kInterfaceNotFound
                        ? Errc::not_supported
                        : Errc::invalid;
  const auto reason = reply.parameters.find("reason");
  const bool has_reason = reason != reply.parameters.end() && reason->is_string();
  return {code, "portwatchd refuses: " +
                    (has_reason ? reason->get<std::string>()
                                : name + " " + dump(reply.parameters))};
}

template <class T>
void field_if(JsonWriter& out, const char* name, const std::optional<T>& value) {
  if (value) {
    out.field(name, *value);
  }
}

std::string question_text(const Question& question) {
  JsonWriter out;
  out.begin_object();
  field_if(out, "port", question.port);
  if (question.protocol) {
    out.field("protocol", to_string(*question.protocol));
  }
  field_if(out, "pid", question.pid);
  field_if(out, "netns", question.netns);
  if (question.listening) {
    out.field("listening", true);
  }
  if (question.connected && !question.port) {
    out.field("connected", true);
  }
  out.end_object();
  return out.take();
}

std::string watch_text(const VarlinkClient::WatchRequest& request) {
  JsonWriter out;
  out.begin_object();
  std::vector<std::string> events;
  for (const ChangeType type : request.events) {
    events.emplace_back(to_string(type));
  }
  out.field("events", events);
  out.field("ports", request.ports);
  out.field("recent", request.recent);
  out.end_object();
  return out.take();
}

Result<Change> event_of(const VarlinkReply& reply) {
  if (!reply.error.empty()) {
    return reply_error(reply);
  }
  const auto event = reply.parameters.find("event");
  if (event == reply.parameters.end()) {
    return Error{Errc::invalid, "the reply has no event"};
  }
  return change_from_json(*event);
}

}  // namespace

Result<VarlinkClient> VarlinkClient::connect(const std::string& path,
                                             milliseconds timeout) {
  const Result<sockaddr_un> address = unix_address(path);
  if (!address) {
    return address.error();
  }
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) {
    return errno_error(errno, "socket(AF_UNIX)");
  }
  limit_connect(socket.get(), timeout);
  while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address),
                   sizeof *address) != 0) {
    if (errno != EINTR) {
      return connect_error(errno, path);
    }
  }
  return VarlinkClient(std::move(socket), timeout);
}

Result<Answer> VarlinkClient::ask(const Question& question) {
  const bool is_who = question.port && !question.pid && !question.listening;
  const Result<nlohmann::json> reply = call(
      is_who ? "io.portwatch.Who" : "io.portwatch.List", question_text(question));
  if (!reply) {
    return reply.error();
  }
  Result<Answer> answer = answer_from_json(*reply);
  if (!answer) {
    return spent(add_context(answer.error(), "bad reply"));
  }
  return answer;
}

Result<Status> VarlinkClient::status() {
  const Result<nlohmann::json> reply = call("io.portwatch.Status", "{}");
  if (!reply) {
    return reply.error();
  }
  Result<Status> status = status_from_json(*reply);
  if (!status) {
    return spent(add_context(status.error(), "bad reply"));
  }
  return status;
}

Result<void> VarlinkClient::watch(
    const WatchRequest& request, std::optional<milliseconds> timeout,
    const std::function<bool(const Change&)>& on_change) {
  const Deadline deadline =
      timeout ? Deadline(Steady::now() + *timeout) : std::nullopt;
  const auto sent =
      send(call_message("io.portwatch.Watch", watch_text(request), true), deadline);
  if (!sent) {
    return sent;
  }
  for (bool goes_on = true; goes_on;) {
    const Result<VarlinkReply> reply = receive(deadline);
    if (!reply) {
      return reply.error();
    }
    const Result<Change> change = event_of(*reply);
    if (change) {
      goes_on = on_change(*change);
    } else if (!reply->error.empty() ||
               change.error().code != Errc::not_supported) {
      return spent(change.error());
    }
    if (goes_on && !reply->continues) {
      return spent({Errc::closed, "portwatchd ended the stream"});
    }
  }
  socket_.reset();
  return {};
}

Result<nlohmann::json> VarlinkClient::call(std::string_view method,
                                           std::string_view parameters) {
  const Deadline deadline = Steady::now() + timeout_;
  if (socket_.valid() && (framing_.has_message() || framing_.partial())) {
    return spent({Errc::invalid, "portwatchd said something without being asked"});
  }
  if (const auto sent = send(call_message(method, parameters, false), deadline);
      !sent) {
    return sent.error();
  }
  Result<VarlinkReply> reply = receive(deadline);
  if (!reply) {
    return reply.error();
  }
  if (!reply->error.empty()) {
    return reply_error(*reply);
  }
  if (reply->continues) {
    return spent({Errc::invalid, "the reply continues, which nobody asked for"});
  }
  return std::move(reply->parameters);
}

Error VarlinkClient::spent(Error error) {
  socket_.reset();
  return error;
}

Result<void> VarlinkClient::wait_for(short events, Deadline deadline) {
  while (true) {
    int wait_ms = -1;
    if (deadline) {
      const auto left =
          std::chrono::ceil<milliseconds>(*deadline - Steady::now()).count();
      if (left <= 0) {  // even if there is more to read: it may never end
        return spent(timed_out());
      }
      wait_ms = static_cast<int>(std::min<std::int64_t>(left, INT_MAX));
    }
    pollfd state{socket_.get(), events, 0};
    const int ready = poll(&state, 1, wait_ms);
    if (ready > 0) {
      return {};
    }
    if (ready == 0) {
      return spent(timed_out());
    }
    if (errno != EINTR) {
      return spent(errno_error(errno, "poll"));
    }
  }
}

Result<void> VarlinkClient::send(std::string_view message, Deadline deadline) {
  if (!socket_.valid()) {
    return Error{Errc::closed, "the connection to portwatchd is closed"};
  }
  while (!message.empty()) {
    const ssize_t count = ::send(socket_.get(), message.data(), message.size(),
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      message.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EPIPE) {
      return {};  // cut off; why may be waiting to be read
    } else if (errno != EAGAIN && errno != EINTR) {
      return spent(errno_error(errno, "cannot write to portwatchd"));
    } else if (const auto waited = wait_for(POLLOUT, deadline); !waited) {
      return waited;
    }
  }
  return {};
}

Result<VarlinkReply> VarlinkClient::receive(Deadline deadline) {
  std::optional<std::string_view> message;
  while (!(message = framing_.next())) {
    if (framing_.too_long()) {
      return spent({Errc::invalid, "the reply is longer than 256 MB"});
    }
    if (const auto filled = fill(deadline); !filled) {
      return filled.error();
    }
  }
  Result<VarlinkReply> reply = parse_reply(*message);
  if (!reply) {
    return spent(add_context(reply.error(), "bad reply"));
  }
  return reply;
}

Result<void> VarlinkClient::fill(Deadline deadline) {
  if (const auto waited = wait_for(POLLIN, deadline); !waited) {
    return waited;
  }
  std::array<char, kReplyReadBytes> bytes;
  const ssize_t count =
      recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count == 0) {
    return spent({Errc::closed, framing_.partial()
                                    ? "portwatchd closed in the middle of a reply"
                                    : "portwatchd closed the connection"});
  }
  if (count < 0 && errno != EAGAIN && errno != EINTR) {
    return spent(errno_error(errno, "cannot read from portwatchd"));
  }
  framing_.append(
      {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))});
  return {};
}

}  // namespace portwatch
