// fake_world.h - everything that a command touches, held still for tests.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/run.h"

namespace portwatch::cli {

// 2026-11-21 10:42:17 UTC; the tests run in that time zone.
inline constexpr WallTime kNow{std::chrono::seconds(1795257737)};
inline constexpr std::uint32_t kOwnNetns = 4026531840;

class StringSink final : public Sink {
 public:
  Result<void> write(std::string_view more) override {
    ++writes;
    text += more;
    return fails ? Result<void>(*fails) : Result<void>();
  }
  std::string text;
  std::size_t writes = 0;
  std::optional<Error> fails;
};

class FixedClock final : public Clock {
 public:
  BootTime boot_now() const override { return std::chrono::hours(1); }
  WallTime wall_now() const override { return kNow; }
};

// A daemon that knows `answer` and `events`; errors take precedence.
struct FakeDaemonState {
  std::optional<Error> connect_error = Error{Errc::not_found, "No such file"};
  std::optional<Error> ask_error;
  Answer answer;
  Status status;
  Verdict verdict;
  // Asked for these endpoints, in their order.
  std::vector<BindRequest> asked_why;
  // By address family where the two differ.
  std::optional<Verdict> verdict6;
  std::optional<Error> past_error;  // of why, failures, loops and history
  EventsAnswer failures;
  EventsAnswer loops;
  Answer history;
  HistoryQuestion asked_past;
  std::vector<Change> events;
  Error watch_end{Errc::closed, "portwatchd closed the connection"};
  VarlinkClient::WatchRequest watch_request;
  std::string asked_path;
};

class FakeBackends final : public Backends {
 public:
  Result<std::unique_ptr<Daemon>> connect(
      const std::string& path, std::chrono::milliseconds timeout) override;
  Result<std::unique_ptr<SnapshotReader>> snapshot(
      std::optional<Source> source) override;
  std::vector<Process> ancestors(const Process& process) override {
    return parents[process.id.pid];
  }
  // Every first holder is in a container of that name.
  std::vector<std::string> name_containers(std::span<Binding> bindings) override {
    for (Binding& binding : bindings) {
      if (binding.holders && !binding.holders->empty() && container_name) {
        binding.holders->front().container_name = container_name;
      }
    }
    return container_complaints;
  }
  std::uint32_t own_netns() override { return kOwnNetns; }
  std::optional<std::uint32_t> netns_named(const std::string& name) override {
    return name == "red" ? std::optional<std::uint32_t>(4026532600) : std::nullopt;
  }

  Verdict judge(BindRequest request, const Answer& look) override {
    judged_look = look;
    Verdict verdict = judged;
    verdict.request = request;
    return verdict;
  }
  Result<int> try_bind(const BindRequest& request) override {
    tried = request;
    return try_result;
  }
  PortRange automatic_ports() override { return {}; }
  Result<int> become_daemon(const std::vector<std::string>& arguments) override {
    became = arguments;
    return become_result;
  }

  FakeDaemonState daemon;
  Verdict judged;
  Answer judged_look;
  std::optional<BindRequest> tried;
  Result<int> try_result = 0;
  std::vector<std::string> became;
  Result<int> become_result = 0;
  // The pictures that successive looks see; the last one stays.
  std::vector<Answer> looks = {
      Answer{Source::sock_diag, Confidence::snapshot, {}, {}}};
  std::optional<Error> look_error;
  std::optional<Source> asked_source;
  std::map<pid_t, std::vector<Process>> parents;
  std::optional<std::string> container_name;
  std::vector<std::string> container_complaints;
};

class CommandTest : public ::testing::Test {
 protected:
  CommandTest();
  int run(const std::vector<std::string>& arguments);
  void start_daemon() { backends.daemon.connect_error.reset(); }

  FakeBackends backends;
  StringSink out;
  StringSink err;
  Environment environment;
  bool terminal = false;
  std::size_t width = 0;
};

// Sample values. A process started 10:40:00, two minutes before kNow.
Process process(pid_t pid, const std::string& name);
Binding binding(Port port, SocketState state = SocketState::listening);
Binding held(Port port, const Process& holder);
Answer exact(std::vector<Binding> bindings);
// python3 (pid 4243) of alice could not bind 5055, which python3 (pid 4242) has.
Change failed_bind();
// demo.service, 7 times in a minute, for the same reason.
Change failure_loop();
Change crash_loop();

}  // namespace portwatch::cli
