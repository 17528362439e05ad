// test_server.h - a VarlinkServer with a FakeService on a thread of its own, and
// a raw client that can be as rude as a test needs.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/fakes/fake_service.h"
#include "tests/support/temp_dir.h"
#include "userspace/api/varlink_server.h"

namespace portwatch {

using test::TempDir;

class TestServer {
 public:
  explicit TestServer(ServerOptions options = {});
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  const std::string& path() const { return path_; }
  FakeService& service() { return service_; }  // only before clients, or in run()

  // Runs `work` on the loop's thread and waits for it.
  void run(std::function<void()> work);
  void publish(Change change);  // through the log, as the daemon does
  // `count` copies without a turn of the loop in between.
  void publish_many(const Change& change, std::size_t count);
  void publish_on_loop(Change change);  // only in run()
  std::size_t clients();
  std::size_t subscribers();

 private:
  void take_work();

  TempDir dir_;
  std::string path_;
  FakeService service_;
  EventLog log_{4096};
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<VarlinkServer> server_;
  UniqueFd wake_;
  std::mutex mutex_;
  std::vector<std::function<void()>> work_;
  std::thread thread_;
};

// Asks again and again, without a pause, for at most 30 seconds.
bool eventually(const std::function<bool()>& is_so);

// Speaks bytes. Reads give up after 30 seconds, far beyond any good answer.
class RawClient {
 public:
  explicit RawClient(const std::string& path);
  // Connects as another user (for this thread and this call only).
  RawClient(const std::string& path, uid_t uid);

  int fd() const { return socket_.get(); }
  // False when the server has closed.
  bool send(std::string_view bytes);
  // Adds the NUL.
  bool call(const std::string& json_text);
  bool call(const std::string& method, const nlohmann::json& parameters,
            bool more = false);
  // The next message; nothing at the end of the stream or after the deadline.
  std::optional<nlohmann::json> read();
  // Nothing is left to read and the server has closed.
  bool is_cut();
  void half_close();

 private:
  UniqueFd socket_;
  std::string buffer_;
};

}  // namespace portwatch
