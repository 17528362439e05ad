// varlink_connection.h - one client of the server: its bytes, queue and state.
//
// Knows framing and flow, no methods and no loop: the server calls it when the
// socket is ready and looks at interest(), stuck() and dead() afterwards.
// Never blocks. A broken socket only marks the connection dead.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "userspace/api/peer.h"
#include "userspace/api/subscription.h"
#include "userspace/api/varlink_framing.h"
#include "userspace/base/event_loop.h"
#include "userspace/base/unique_fd.h"

namespace portwatch {

class VarlinkConnection {
 public:
  // `socket` is connected and non-blocking.
  VarlinkConnection(UniqueFd socket, Peer peer, std::size_t max_request_bytes);

  int fd() const { return socket_.get(); }
  const Peer& peer() const { return peer_; }

  // Reads once, if interest() says so.
  void receive();
  // The next request is longer than allowed.
  bool too_long() { return ready_for_call() && framing_.too_long(); }
  // The next call to handle, valid until receive(). Nothing while a reply is
  // queued, a Watch is running or the connection is being closed: calls are
  // answered in order, and whoever does not read gets no more work done.
  std::optional<std::string_view> next_call();
  // There is something to handle without any news from the socket.
  bool wants_turn() {
    return ready_for_call() && (framing_.has_message() || framing_.too_long());
  }

  // Queues a message and sends what the socket takes. An owned message is this
  // client's alone; others are shared by several queues.
  void send(SharedMessage message, bool owned);
  void send(std::string message);
  void flush();
  // Says a last word (after the rest of a half-sent message, instead of all
  // that waits behind it), then closes as soon as it has been read.
  void finish(std::string last_message);
  // Nothing more can be done for this client.
  bool dead();
  // The peer closed both directions (asked of the kernel: an epoll event may be
  // about a former owner of this descriptor number).
  bool hung_up() const;

  // EPOLLIN while there is room for a request, EPOLLOUT while something waits.
  std::uint32_t interest();
  // The peer owes us something: the rest of a message, or reading a reply.
  bool stuck();

  std::size_t queued_bytes() const { return queued_bytes_; }
  std::size_t owned_bytes() const { return owned_bytes_; }
  // Grows with every whole message received and every byte taken.
  std::uint64_t progress() const { return progress_; }

  // The server's notes about this client.
  std::optional<Subscription> subscription;
  std::uint64_t last_activity = 0;  // the server's counter, for eviction
  std::uint32_t registered_interest = 0;
  EventLoop::TimerId timer = 0;  // stuck for too long
  std::uint64_t timer_progress = 0;
  EventLoop::TimerId turn = 0;  // to handle the next pipelined call

 private:
  struct Queued {
    SharedMessage message;
    bool owned;
  };

  bool ready_for_call() const {
    return queue_.empty() && !subscription && !closing_ && !broken_;
  }
  void took(std::size_t bytes);
  void pop_front();

  UniqueFd socket_;
  Peer peer_;
  VarlinkFraming framing_;
  std::deque<Queued> queue_;
  std::size_t sent_of_front_ = 0;
  std::size_t queued_bytes_ = 0;  // not yet sent
  std::size_t owned_bytes_ = 0;   // of whole messages that are ours alone
  std::uint64_t progress_ = 0;
  bool input_ended_ = false;
  bool closing_ = false;
  bool broken_ = false;
};

}  // namespace portwatch
