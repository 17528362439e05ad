// fake_runtime.h - a container runtime: HTTP on a Unix socket, on a thread of its
// own, one connection after the other.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "userspace/base/unique_fd.h"

namespace portwatch::test {

class FakeRuntime {
 public:
  // Serves `body` to whoever asks at `path`.
  FakeRuntime(const std::string& path, const std::string& body)
      : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        stop_(eventfd(0, EFD_CLOEXEC)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address),
             sizeof address) != 0 ||
        listen(listener_.get(), 16) != 0) {
      throw std::runtime_error("cannot listen at " + path);
    }
    say(body);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeRuntime() {
    eventfd_write(stop_.get(), 1);
    thread_.join();
  }
  FakeRuntime(const FakeRuntime&) = delete;
  FakeRuntime& operator=(const FakeRuntime&) = delete;

  void say(const std::string& body) {
    say_raw(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  void say_raw(const std::string& reply) {
    const std::lock_guard lock(mutex_);
    reply_ = reply;
  }
  // From now on: takes connections and never answers.
  void hang() { say_raw(""); }
  // Requests so far; the last one's first line.
  std::size_t requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::string last_request() const {
    const std::lock_guard lock(mutex_);
    return last_request_;
  }

 private:
  void serve() {
    for (;;) {
      pollfd ready[2] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      poll(ready, 2, -1);
      if (ready[1].revents != 0) {
        return;
      }
      UniqueFd peer(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      char request[4096] = "";
      const ssize_t got = read(peer.get(), request, sizeof request - 1);
      const std::string text(request, got > 0 ? static_cast<std::size_t>(got) : 0);
      std::string reply;
      {
        const std::lock_guard lock(mutex_);
        ++requests_;
        last_request_ = text.substr(0, text.find('\r'));
        reply = reply_;
      }
      if (reply.empty()) {
        waiting_.push_back(std::move(peer));
      } else {
        send(peer.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
      }
    }
  }

  UniqueFd listener_;
  UniqueFd stop_;
  std::vector<UniqueFd> waiting_;
  mutable std::mutex mutex_;
  std::string reply_;
  std::size_t requests_ = 0;
  std::string last_request_;
  std::thread thread_;
};

// The list with one running container, as Docker 20.10 words it.
inline std::string container_json(const std::string& id, const std::string& name,
                                  const std::string& address, int outside,
                                  int inside) {
  return R"({"Id":")" + id + R"(","Names":["/)" + name +
         R"("],"Image":"bb:1","Created":1795263677,"Ports":[{"IP":"0.0.0.0",)"
         R"("PrivatePort":)" +
         std::to_string(inside) + R"(,"PublicPort":)" + std::to_string(outside) +
         R"(,"Type":"tcp"}],"Labels":{},"State":"running","NetworkSettings":)"
         R"({"Networks":{"bridge":{"Gateway":"172.17.0.1","IPAddress":")" +
         address + R"(","GlobalIPv6Address":""}}},"Mounts":[]})";
}

}  // namespace portwatch::test
