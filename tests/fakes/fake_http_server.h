// fake_http_server.h - HTTP on 127.0.0.1, on a thread of its own: answers one
// request after the other with what it was told to say.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/sockets.h"
#include "userspace/base/unique_fd.h"

namespace portwatch::test {

class FakeHttpServer {
 public:
  // Status codes, the last one for ever; 0: takes the request and never answers.
  explicit FakeHttpServer(std::deque<int> statuses)
      : listener_(listening_socket("127.0.0.1", 0)),
        stop_(eventfd(0, EFD_CLOEXEC)),
        statuses_(std::move(statuses)) {
    port_ = port_of(listener_);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeHttpServer() {
    eventfd_write(stop_.get(), 1);
    thread_.join();
  }
  FakeHttpServer(const FakeHttpServer&) = delete;
  FakeHttpServer& operator=(const FakeHttpServer&) = delete;

  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  // Whole requests, head and body, in the order of their arrival.
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  // Goes with the next answers.
  void add_header(const std::string& line) {
    const std::lock_guard lock(mutex_);
    header_ += line + "\r\n";
  }

 private:
  // Until the peer is silent about what it announced, or gone.
  static std::string read_request(const UniqueFd& peer) {
    std::string text;
    char piece[4096];
    std::size_t wanted = std::string::npos;
    while (text.size() < wanted) {
      const ssize_t size = read(peer.get(), piece, sizeof piece);
      if (size <= 0) {
        break;
      }
      text.append(piece, static_cast<std::size_t>(size));
      const auto head = text.find("\r\n\r\n");
      const auto length = text.find("Content-Length: ");
      if (head != std::string::npos && length != std::string::npos) {
        wanted = head + 4 + std::stoul(text.substr(length + 16));
      }
    }
    return text;
  }

  void answer(UniqueFd peer) {
    const std::string request = read_request(peer);
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    const int status = statuses_.front();
    if (statuses_.size() > 1) {
      statuses_.pop_front();
    }
    if (status == 0) {
      hanging_.push_back(std::move(peer));
      return;
    }
    const std::string reply = "HTTP/1.1 " + std::to_string(status) + " x\r\n" +
                              header_ + "Content-Length: 2\r\n\r\nok";
    send(peer.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
  }

  void serve() {
    for (;;) {
      pollfd ready[2] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      poll(ready, 2, -1);
      if (ready[1].revents != 0) {
        return;
      }
      answer(UniqueFd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    }
  }

  UniqueFd listener_;
  UniqueFd stop_;
  Port port_ = 0;
  std::vector<UniqueFd> hanging_;
  mutable std::mutex mutex_;
  std::deque<int> statuses_;
  std::string header_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace portwatch::test
