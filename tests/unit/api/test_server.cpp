#include "tests/unit/api/test_server.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <future>

#include "userspace/api/socket_address.h"

namespace portwatch {
namespace {

using nlohmann::json;

constexpr int kReadTimeoutMs = 30000;

// The raw system call changes this thread only, unlike seteuid(3).
void become(uid_t uid) {
  const uid_t keep = static_cast<uid_t>(-1);
  ASSERT_EQ(syscall(SYS_setresuid, keep, uid, keep), 0);
}

UniqueFd connect_to(const std::string& path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = unix_address(path);
  EXPECT_TRUE(address.ok());
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address),
                      sizeof *address),
            0)
      << errno;
  return socket;
}

}  // namespace

TestServer::TestServer(ServerOptions options) : path_(dir_ / "io.portwatch") {
  loop_ = std::move(EventLoop::make()).value();
  auto listener = VarlinkServer::listen_at(path_);
  auto server = VarlinkServer::make(*loop_, service_, log_,
                                    std::move(listener).value(), options);
  server_ = std::move(server).value();
  wake_ = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  EXPECT_TRUE(
      loop_->add(wake_.get(), EPOLLIN, [this](std::uint32_t) { take_work(); })
          .ok());
  thread_ = std::thread([this] { EXPECT_TRUE(loop_->run().ok()); });
}

TestServer::~TestServer() {
  run([this] { loop_->stop(); });
  thread_.join();
}

void TestServer::take_work() {
  eventfd_t count = 0;
  eventfd_read(wake_.get(), &count);
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(mutex_);
    work.swap(work_);
  }
  for (const auto& item : work) {
    item();
  }
}

void TestServer::run(std::function<void()> work) {
  std::promise<void> done;
  {
    const std::lock_guard lock(mutex_);
    work_.push_back([&] {
      work();
      done.set_value();
    });
  }
  eventfd_write(wake_.get(), 1);
  done.get_future().wait();
}

void TestServer::publish(Change change) {
  run([&] { publish_on_loop(std::move(change)); });
}

void TestServer::publish_many(const Change& change, std::size_t count) {
  run([&] {
    for (std::size_t i = 0; i < count; ++i) {
      publish_on_loop(change);
    }
  });
}

void TestServer::publish_on_loop(Change change) {
  server_->publish(log_.push(std::move(change)));
}

std::size_t TestServer::clients() {
  std::size_t count = 0;
  run([&] { count = server_->clients(); });
  return count;
}

std::size_t TestServer::subscribers() {
  std::size_t count = 0;
  run([&] { count = server_->subscribers(); });
  return count;
}

bool eventually(const std::function<bool()>& is_so) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(kReadTimeoutMs);
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
  }
  return true;
}

RawClient::RawClient(const std::string& path) : socket_(connect_to(path)) {}

RawClient::RawClient(const std::string& path, uid_t uid) {
  const uid_t before = geteuid();
  become(uid);
  socket_ = connect_to(path);
  become(before);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::call(const std::string& json_text) {
  return send(json_text + '\0');
}

bool RawClient::call(const std::string& method, const json& parameters, bool more) {
  json message = {{"method", method}, {"parameters", parameters}};
  if (more) {
    message["more"] = true;
  }
  return call(message.dump());
}

std::optional<json> RawClient::read() {
  std::size_t end = 0;
  while ((end = buffer_.find('\0')) == std::string::npos) {
    pollfd state{fd(), POLLIN, 0};
    char bytes[65536];
    if (poll(&state, 1, kReadTimeoutMs) != 1) {
      return std::nullopt;
    }
    const ssize_t count = recv(fd(), bytes, sizeof bytes, 0);
    if (count <= 0) {
      return std::nullopt;
    }
    buffer_.append(bytes, static_cast<std::size_t>(count));
  }
  const json message = json::parse(buffer_.substr(0, end));
  buffer_.erase(0, end + 1);
  return message;
}

bool RawClient::is_cut() {
  pollfd state{fd(), POLLIN, 0};
  char byte = 0;
  return buffer_.empty() && poll(&state, 1, kReadTimeoutMs) == 1 &&
         recv(fd(), &byte, 1, 0) <= 0;
}

void RawClient::half_close() { shutdown(fd(), SHUT_WR); }

}  // namespace portwatch
