#include "tests/support/uring.h"

#include <arpa/inet.h>

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

int Ring::bind(const UniqueFd& socket, const std::string& address, Port port,
               unsigned sqe_flags) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  io_uring_prep_rw(kOpBind, entry, socket.get(), &to, 0, sizeof to);
  io_uring_sqe_set_flags(entry, sqe_flags);
  return run();
}

int Ring::listen(const UniqueFd& socket) {
  io_uring_prep_rw(kOpListen, io_uring_get_sqe(&ring_), socket.get(), nullptr, 16,
                   0);
  return run();
}

int Ring::run() {
  check_ring(io_uring_submit(&ring_), "io_uring_submit");
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
