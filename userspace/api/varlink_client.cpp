#include "userspace/api/varlink_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

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
