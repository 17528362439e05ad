#include "userspace/api/varlink_connection.h"

#include <malloc.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace portwatch {
namespace {

constexpr std::size_t kRequestReadBytes = 64 * 1024;
constexpr std::size_t kMaxPieces = 64;  // messages in one sendmsg
constexpr std::size_t kLargeAnswer = 1024 * 1024;

bool would_block(int number) { return number == EAGAIN || number == EINTR; }

}  // namespace

VarlinkConnection::VarlinkConnection(UniqueFd socket, Peer peer,
                                     std::size_t max_request_bytes)
    : socket_(std::move(socket)), peer_(peer), framing_(max_request_bytes) {}

void VarlinkConnection::receive() {
  if ((interest() & EPOLLIN) == 0) {
    return;
  }
  std::array<char, kRequestReadBytes> bytes;
  const ssize_t count = recv(fd(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count > 0) {
    framing_.append({bytes.data(), static_cast<std::size_t>(count)});
  } else if (count == 0) {
    input_ended_ = true;
  } else if (!would_block(errno)) {
    broken_ = true;
  }
}

std::optional<std::string_view> VarlinkConnection::next_call() {
  if (!ready_for_call()) {
    return std::nullopt;
  }
  const auto message = framing_.next();
  if (message) {
    ++progress_;
  } else {
    framing_.release_memory();
  }
  return message;
}

void VarlinkConnection::send(SharedMessage message, bool owned) {
  queued_bytes_ += message->size();
  owned_bytes_ += owned ? message->size() : 0;
  queue_.push_back({std::move(message), owned});
  if (queue_.size() == 1) {
    flush();
  }
}

void VarlinkConnection::send(std::string message) {
  send(std::make_shared<const std::string>(std::move(message)), true);
}

void VarlinkConnection::flush() {
  while (!queue_.empty() && !broken_) {
    std::array<iovec, kMaxPieces> pieces;
    const std::size_t count = std::min(queue_.size(), kMaxPieces);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string& text = *queue_[i].message;
      const std::size_t skip = i == 0 ? sent_of_front_ : 0;
      pieces[i] = {const_cast<char*>(text.data()) + skip, text.size() - skip};
    }
    msghdr header{};
    header.msg_iov = pieces.data();
    header.msg_iovlen = count;
    const ssize_t sent = sendmsg(fd(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      broken_ = !would_block(errno);
      return;
    }
    took(static_cast<std::size_t>(sent));
  }
}

void VarlinkConnection::took(std::size_t bytes) {
  progress_ += bytes;
  queued_bytes_ -= bytes;
  sent_of_front_ += bytes;
  while (!queue_.empty() && sent_of_front_ >= queue_.front().message->size()) {
    sent_of_front_ -= queue_.front().message->size();
    pop_front();
  }
}

void VarlinkConnection::pop_front() {
  const std::size_t size = queue_.front().message->size();
  owned_bytes_ -= queue_.front().owned ? size : 0;
  queue_.pop_front();
  // What one large answer took must not stay with a daemon that is otherwise small.
  if (size >= kLargeAnswer) {
    malloc_trim(0);
  }
}

void VarlinkConnection::finish(std::string last_message) {
  const std::size_t keep = sent_of_front_ > 0 ? 1 : 0;
  while (queue_.size() > keep) {
    const Queued& last = queue_.back();
    queued_bytes_ -= last.message->size();
    owned_bytes_ -= last.owned ? last.message->size() : 0;
    queue_.pop_back();
  }
  subscription.reset();
  closing_ = true;
  send(std::move(last_message));
  flush();
}

bool VarlinkConnection::dead() {
  if (broken_) {
    return true;
  }
  if (!queue_.empty() || subscription) {
    return false;
  }
  return closing_ || (input_ended_ && !framing_.has_message());
}

bool VarlinkConnection::hung_up() const {
  pollfd state{fd(), 0, 0};
  return poll(&state, 1, 0) == 1 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

std::uint32_t VarlinkConnection::interest() {
  const bool reads = ready_for_call() && !input_ended_ && !framing_.has_message();
  return (reads ? EPOLLIN : 0u) | (queue_.empty() ? 0u : EPOLLOUT);
}

bool VarlinkConnection::stuck() {
  if (!queue_.empty()) {
    return !subscription;  // a slow reader of events has its own limit
  }
  return ready_for_call() && framing_.partial();
}

}  // namespace portwatch
