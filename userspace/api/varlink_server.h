// varlink_server.h - answers io.portwatch over a Unix stream socket.
//
// Threads: the loop's. Never blocks: every client has a bounded read buffer and
// a bounded write queue. Whoever breaks a rule gets the standard error and is
// cut; nobody else notices. Limits are in ServerOptions.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "userspace/api/event_log.h"
#include "userspace/api/service.h"
#include "userspace/base/event_loop.h"
#include "userspace/base/unique_fd.h"

namespace portwatch {

struct ServerOptions {
  std::size_t max_clients = 512;  // at the limit the longest idle one of the
                                  // uid that has most is cut
  std::size_t max_request_bytes = 64 * 1024;
  // Events that one subscriber has not read yet; a single answer may be larger.
  std::size_t max_queue_bytes = 4 * 1024 * 1024;
  // Unread replies of all clients together (events are shared and not counted):
  // beyond it, who has not read for longest is cut, but never the only one.
  std::size_t max_total_bytes = 64 * 1024 * 1024;
  // For the rest of a half-sent message, or of a half-read answer.
  std::chrono::milliseconds message_timeout{10000};
};

class VarlinkServer {
 public:
  // Binds `path` (mode 0666: anybody may ask; see peer_view.h for what they
  // get). A stale socket file is replaced; PATH.lock stays beside it, see
  // listen_at.cpp. Errors: busy when another daemon answers there, invalid when
  // something that is not a socket is in the way or the path is too long.
  static Result<UniqueFd> listen_at(const std::string& path);

  // `listener` is a listening AF_UNIX stream socket, from listen_at() or from
  // socket activation. loop, service and log must outlive the server.
  static Result<std::unique_ptr<VarlinkServer>> make(EventLoop& loop,
                                                     Service& service,
                                                     const EventLog& log,
                                                     UniqueFd listener,
                                                     ServerOptions options = {});
  ~VarlinkServer();

  // One message to every subscriber that asked for it. May be called from
  // within Service::answer().
  void publish(const Change& change);

  // Nobody is cut before the next one comes.
  void set_max_clients(std::size_t most);

  std::size_t clients() const;
  std::size_t subscribers() const;

 private:
  struct Impl;
  explicit VarlinkServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace portwatch
