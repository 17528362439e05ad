// uring.h - io_uring for tests: binds through a ring, keeps files in it.
#pragma once

#include <liburing.h>
#include <netinet/in.h>

#include <string>

#include "tests/support/sockets.h"

namespace portwatch::test {

class Ring {
 public:
  // flags: 0 or IORING_SETUP_SQPOLL. Throws std::system_error.
  explicit Ring(unsigned flags = 0);
  ~Ring() { io_uring_queue_exit(&ring_); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // bind(2) as IORING_OP_BIND (Linux 6.11); sqe_flags as IOSQE_ASYNC. 0 or an
  // errno.
  int bind(const UniqueFd& socket, const std::string& address, Port port,
           unsigned sqe_flags = 0);
  // The same, linked to a timer that ends while the thread sleeps in ppoll(2): the
  // bind runs on the way out of that call.
  int bind_asleep(const UniqueFd& socket, const std::string& address, Port port);
  // listen(2) as IORING_OP_LISTEN (Linux 6.11). 0 or an errno.
  int listen(const UniqueFd& socket);
  // Makes the file a fixed one: it lives without a descriptor.
  void keep(const UniqueFd& file);

 private:
  void prepare_bind(const UniqueFd& socket, const std::string& address, Port port,
                    unsigned sqe_flags);
  int run();
  int take_result();

  sockaddr_in to_{};
  io_uring ring_;
};

}  // namespace portwatch::test
