// daemon.h - wires backend, pipeline, memory and server to the loop, and runs them.
//
// Threads: one, and those of ContainerLists, of the history and of the webhooks.
#pragma once

#include <memory>
#include <string>

#include "userspace/api/event_log.h"
#include "userspace/api/varlink_server.h"
#include "userspace/base/clock.h"
#include "userspace/base/event_loop.h"
#include "userspace/daemon/backend.h"
#include "userspace/daemon/config.h"
#include "userspace/daemon/options.h"
#include "userspace/daemon/past.h"
#include "userspace/daemon/pipeline.h"
#include "userspace/daemon/questions.h"
#include "userspace/source/container_lists.h"

namespace portwatch {

class Daemon final : public Service {
 public:
  // Returns when queries are answered. Errors say what failed and on what.
  static Result<std::unique_ptr<Daemon>> start(const Options& options,
                                               const Config& config);
  ~Daemon() override;

  // Until SIGTERM, SIGINT or SIGUSR2. Error: the backend or the loop broke.
  Result<void> run();
  // SIGUSR2 ended it: after destruction the program is to be executed anew.
  bool handing_over() const { return handing_over_; }
  // A duplicate of the listening socket that systemd gave us; invalid: our own.
  UniqueFd take_kept_socket() { return std::move(kept_socket_); }

  Result<Answer> answer(const Question& question) override {
    return questions_->answer(question);
  }
  Result<Verdict> why(const BindRequest& request) override {
    return questions_->why(request);
  }
  Result<EventsAnswer> failures(const HistoryQuestion& question) override {
    return questions_->failures(question);
  }
  Result<EventsAnswer> loops(const HistoryQuestion& question) override {
    return questions_->loops(question);
  }
  Result<Answer> history(const HistoryQuestion& question) override {
    return questions_->history(question);
  }
  void end_questions() override { questions_->end(); }
  Status status() override;

 private:
  Daemon(const Options& options, const Config& config);
  Result<void> open_socket();
  Result<void> open_pipeline();
  Result<void> open_backend();
  Result<std::unique_ptr<Backend>> try_ebpf(const Backend::Publish& publish);
  Result<std::unique_ptr<Backend>> try_backend(Source source);
  Result<void> watch_signals();
  Result<void> serve();
  void on_signal();
  void on_events();
  void hand_over();
  void reload();
  void apply(const Config& config);

  Options options_;
  Config config_;
  SystemClock clock_;
  WallTime started_;
  BootTime started_boot_;
  EventLog log_;
  ContainerLists containers_;
  std::unique_ptr<EventLoop> loop_;
  UniqueFd listener_;
  std::string own_socket_;  // path to remove at a clean stop; empty: not ours
  UniqueFd signals_;
  std::unique_ptr<Past> past_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Questions> questions_;
  std::unique_ptr<VarlinkServer> server_;
  Result<void> outcome_;
  bool handing_over_ = false;
  UniqueFd kept_socket_;
};

}  // namespace portwatch
