#include "tests/support/uring.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace portwatch::test {
namespace {

// IORING_OP_*; Debian 12's liburing has no names for them.
constexpr int kOpBind = 56;
constexpr int kOpListen = 57;

void check_ring(int result, const char* what) {
  if (result < 0) {
    throw std::system_error(-result, std::generic_category(), what);
  }
}

}  // namespace

Ring::Ring(unsigned flags) {
  check_ring(io_uring_queue_init(8, &ring_, flags), "io_uring_queue_init");
}

void Ring::prepare_bind(const UniqueFd& socket, const std::string& address,
                        Port port, unsigned sqe_flags) {
  to_ = {};
  to_.sin_family = AF_INET;
  to_.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &to_.sin_addr);
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  io_uring_prep_rw(kOpBind, entry, socket.get(), &to_, 0, sizeof to_);
  io_uring_sqe_set_flags(entry, sqe_flags);
}

int Ring::bind(const UniqueFd& socket, const std::string& address, Port port,
               unsigned sqe_flags) {
  prepare_bind(socket, address, port, sqe_flags);
  return run();
}

int Ring::bind_asleep(const UniqueFd& socket, const std::string& address,
                      Port port) {
  const UniqueFd done(eventfd(0, EFD_CLOEXEC));
  check_ring(io_uring_register_eventfd(&ring_, done.get()), "register_eventfd");
  __kernel_timespec soon{0, 1'000'000};
  io_uring_sqe* timer = io_uring_get_sqe(&ring_);
  io_uring_prep_timeout(timer, &soon, 0, IORING_TIMEOUT_ETIME_SUCCESS);
  io_uring_sqe_set_flags(timer, IOSQE_IO_LINK);
  prepare_bind(socket, address, port, 0);
  check_ring(io_uring_submit(&ring_), "io_uring_submit");
  while (io_uring_cq_ready(&ring_) < 2) {
    pollfd event{done.get(), POLLIN, 0};
    ppoll(&event, 1, nullptr, nullptr);
    std::uint64_t count = 0;
    (void)!read(done.get(), &count, sizeof count);
  }
  check_ring(io_uring_unregister_eventfd(&ring_), "unregister_eventfd");
  take_result();  // the timer's
  return take_result();
}

int Ring::listen(const UniqueFd& socket) {
  io_uring_prep_rw(kOpListen, io_uring_get_sqe(&ring_), socket.get(), nullptr, 16,
                   0);
  return run();
}

int Ring::run() {
  check_ring(io_uring_submit(&ring_), "io_uring_submit");
  return take_result();
}

int Ring::take_result() {
  io_uring_cqe* done = nullptr;
  check_ring(io_uring_wait_cqe(&ring_, &done), "io_uring_wait_cqe");
  const int result = done->res;
  io_uring_cqe_seen(&ring_, done);
  return -result;
}

void Ring::keep(const UniqueFd& file) {
  const int number = file.get();
  check_ring(io_uring_register_files(&ring_, &number, 1),
             "io_uring_register_files");
}

}  // namespace portwatch::test
