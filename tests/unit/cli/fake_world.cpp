#include "tests/unit/cli/fake_world.h"

#include <cerrno>
#include <cstdlib>

namespace portwatch::cli {
namespace {

class FakeDaemon final : public Daemon {
 public:
  explicit FakeDaemon(FakeDaemonState& state) : state_(state) {}

  Result<Answer> ask(const Question& question) override {
    if (state_.ask_error) {
      return *state_.ask_error;
    }
    Answer answer = state_.answer;
    answer.bindings.clear();
    for (const Binding& known : state_.answer.bindings) {
      if (admits(question, known) &&
          (!question.pid || held_by_pid(known, *question.pid))) {
        answer.bindings.push_back(known);
      }
    }
    return answer;
  }
  Result<Status> status() override {
    return state_.ask_error ? Result<Status>(*state_.ask_error)
                            : Result<Status>(state_.status);
  }
  Result<Verdict> why(const BindRequest& request) override {
    state_.asked_why.push_back(request);
    const bool six = request.endpoint.family == Family::ipv6 && state_.verdict6;
    Verdict verdict = six ? *state_.verdict6 : state_.verdict;
    verdict.request = request;
    return past(verdict);
  }
  Result<EventsAnswer> failures(const HistoryQuestion& question) override {
    state_.asked_past = question;
    return past(state_.failures);
  }
  Result<EventsAnswer> loops(const HistoryQuestion& question) override {
    state_.asked_past = question;
    return past(state_.loops);
  }
  Result<Answer> history(const HistoryQuestion& question) override {
    state_.asked_past = question;
    return past(state_.history);
  }
  Result<void> watch(const VarlinkClient::WatchRequest& request,
                     std::optional<std::chrono::milliseconds>,
                     const std::function<bool(const Change&)>& on_change) override {
    state_.watch_request = request;
    for (const Change& change : state_.events) {
      if (!on_change(change)) {
        return {};
      }
    }
    return state_.watch_end;
  }

 private:
  template <class T>
  Result<T> past(const T& value) const {
    return state_.past_error ? Result<T>(*state_.past_error) : Result<T>(value);
  }
  FakeDaemonState& state_;
};

class FakeReader final : public SnapshotReader {
 public:
  FakeReader(std::vector<Answer>& looks, Source source)
      : looks_(looks), source_(source) {}
  Source source() const override { return source_; }
  Result<Answer> read(const Question& question) override {
    Answer answer = looks_.front();
    if (looks_.size() > 1) {
      looks_.erase(looks_.begin());
    }
    std::erase_if(answer.bindings,
                  [&](const Binding& b) { return !admits(question, b); });
    return answer;
  }

 private:
  std::vector<Answer>& looks_;
  Source source_;
};

}  // namespace

Result<std::unique_ptr<Daemon>> FakeBackends::connect(const std::string& path,
                                                      std::chrono::milliseconds) {
  daemon.asked_path = path;
  if (daemon.connect_error) {
    return *daemon.connect_error;
  }
  return std::unique_ptr<Daemon>(std::make_unique<FakeDaemon>(daemon));
}

Result<std::unique_ptr<SnapshotReader>> FakeBackends::snapshot(
    std::optional<Source> source) {
  asked_source = source;
  if (look_error) {
    return *look_error;
  }
  return std::unique_ptr<SnapshotReader>(
      std::make_unique<FakeReader>(looks, source.value_or(Source::sock_diag)));
}

CommandTest::CommandTest() {
  setenv("TZ", "UTC", 1);
  tzset();
}

int CommandTest::run(const std::vector<std::string>& arguments) {
  const FixedClock clock;
  out = {};
  err = {};
  Context context{{out, err, terminal, width, -1}, environment, clock, backends};
  return cli::run(arguments, context);
}

Process process(pid_t pid, const std::string& name) {
  Process process;
  process.id = {pid, static_cast<std::uint64_t>(pid) * 100};
  process.name = name;
  process.start_time = kNow - std::chrono::seconds(137);
  process.fds = std::vector<int>{3};
  return process;
}

Binding binding(Port port, SocketState state) {
  Binding binding;
  binding.endpoint.port = port;
  binding.state = state;
  binding.id = std::to_string(port);
  binding.inode = port;
  binding.netns = kOwnNetns;
  binding.since = kNow - std::chrono::seconds(180);
  return binding;
}

Binding held(Port port, const Process& holder) {
  Binding held = binding(port);
  held.held_by = HeldBy::process;
  held.creator = holder;
  held.creator.edit([](Process& creator) { creator.fds.reset(); });
  held.holders = std::vector<Process>{holder};
  return held;
}

Change failed_bind() {
  Change change;
  change.type = ChangeType::bind_failed;
  change.time = kNow - std::chrono::seconds(60);
  BindFailure failure;
  failure.error = EADDRINUSE;
  failure.requested.port = 5055;
  failure.netns = kOwnNetns;
  failure.process = process(4243, "python3");
  failure.process.user = "alice";
  failure.process.unit = "demo.service";
  failure.blockers = {held(5055, process(4242, "python3"))};
  failure.why = "python3 (pid 4242) listens there";
  change.failure = failure;
  return change;
}

Change failure_loop() {
  Change change;
  change.type = ChangeType::bind_failure_loop;
  change.time = kNow;
  Loop loop;
  loop.subject.kind = Subject::Kind::unit;
  loop.subject.name = "demo.service";
  loop.port = 5055;
  loop.netns = kOwnNetns;
  loop.count = 7;
  loop.window = std::chrono::seconds(60);
  loop.first = kNow - std::chrono::seconds(120);
  loop.last = kNow - std::chrono::seconds(5);
  loop.cause = "bind: EADDRINUSE";
  loop.blockers = {held(5055, process(4242, "python3"))};
  loop.last_process = process(4243, "python3");
  change.loop = loop;
  return change;
}

Change crash_loop() {
  Change change = failure_loop();
  change.type = ChangeType::crash_loop;
  change.loop->cause = "exits with status 1";
  change.loop->blockers.reset();
  change.loop->last_exit = ExitStatus{1, std::nullopt, false};
  return change;
}

Answer exact(std::vector<Binding> bindings) {
  Answer answer;
  answer.bindings = std::move(bindings);
  return answer;
}

}  // namespace portwatch::cli
