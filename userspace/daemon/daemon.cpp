#include "userspace/daemon/daemon.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include "fallback/fallback.h"
#include "userspace/daemon/live_backend.h"
#include "userspace/daemon/logging.h"
#include "userspace/daemon/polled_backend.h"
#include "userspace/source/container_names.h"
#include "userspace/source/read_file.h"

namespace portwatch {
namespace {

constexpr const char* kSystemDirectory = "/run/portwatch";
constexpr const char* kSocketName = "/io.portwatch";

// Second field of /proc/self/statm: resident pages (proc(5)).
std::uint64_t resident_bytes() {
  unsigned long long pages = 0;
  const auto text = read_file_at(AT_FDCWD, "/proc/self/statm");
  if (!text || std::sscanf(text->c_str(), "%*u %llu", &pages) != 1) {
    return 0;
  }
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void log_pins(const BpfSession& session) {
  if (!session.pins()) {
    spdlog::warn("nothing outlives a crash: {}", session.pins().error().context);
  } else if (session.inherited()) {
    spdlog::info("went on from the pins of a daemon that did not stop cleanly");
  }
}

BindResults bind_results_of(const Config& config) {
  return config.bind_results == "none"         ? BindResults::none
         : config.bind_results == "tracepoint" ? BindResults::tracepoint
         : config.bind_results == "task_work"  ? BindResults::task_work
                                               : BindResults::automatic;
}

// The socket that systemd holds for us, when it started us for one.
UniqueFd activated_socket() {
  if (sd_listen_fds(1) < 1 ||
      sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, nullptr, 0) <= 0) {
    return UniqueFd();
  }
  return UniqueFd(SD_LISTEN_FDS_START);
}

void tell_reloading() {
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
             static_cast<long long>(
                 std::chrono::duration_cast<std::chrono::microseconds>(
                     std::chrono::steady_clock::now().time_since_epoch())
                     .count()));
}

}  // namespace

Daemon::Daemon(const Options& options, const Config& config)
    : options_(options),
      config_(config),
      started_(clock_.wall_now()),
      started_boot_(clock_.boot_now()),
      log_(config.recent_events),
      containers_(clock_, ContainerLists::Asking::background,
                  config.runtime_sockets,
                  [](const std::string& why) { spdlog::debug("{}", why); }) {}

Daemon::~Daemon() {
  if (!own_socket_.empty()) {
    unlink(own_socket_.c_str());
  }
}

Result<std::unique_ptr<Daemon>> Daemon::start(const Options& options,
                                              const Config& config) {
  std::unique_ptr<Daemon> daemon(new Daemon(options, config));
  auto loop = EventLoop::make();
  if (!loop) {
    return loop.error();
  }
  daemon->loop_ = std::move(loop).value();
  // The socket first: a second daemon must be refused before it attaches
  // anything, and early clients wait in its queue.
  for (const auto step :
       {&Daemon::watch_signals, &Daemon::open_socket, &Daemon::open_pipeline,
        &Daemon::open_backend, &Daemon::serve}) {
    if (auto done = std::invoke(step, *daemon); !done) {
      return done.error();
    }
  }
  return daemon;
}

Result<void> Daemon::watch_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) {
    sigaddset(&set, number);
  }
  sigprocmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  signals_.reset(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals_.valid()) {
    return errno_error(errno, "signalfd");
  }
  return loop_->add(signals_.get(), EPOLLIN,
                    [this](std::uint32_t) { on_signal(); });
}

Result<void> Daemon::open_socket() {
  const bool is_private = !options_.private_directory.empty();
  if (!is_private) {
    listener_ = activated_socket();
    if (listener_.valid()) {
      return {};
    }
  }
  const std::string directory =
      is_private ? options_.private_directory : std::string(kSystemDirectory);
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed) {
    return Error{Errc::io, "cannot create " + directory + ": " + failed.message()};
  }
  auto listener = VarlinkServer::listen_at(directory + kSocketName);
  if (!listener) {
    return listener.error();
  }
  listener_ = std::move(listener).value();
  own_socket_ = directory + kSocketName;
  return {};
}

Result<void> Daemon::open_pipeline() {
  past_ = std::make_unique<Past>(clock_, *loop_, log_);
  past_->open(config_.history);
  pipeline_ =
      std::make_unique<Pipeline>(clock_, *loop_, log_, *past_, containers_, config_,
                                 options_.private_directory.empty());
  pipeline_->resume_loops();
  return {};
}

Result<std::unique_ptr<Backend>> Daemon::try_ebpf(const Backend::Publish& publish) {
  LiveBackend::Options live;
  live.session = {config_.ring_bytes, config_.pin_directory,
                  bind_results_of(config_)};
  live.drop_one_in = options_.drop_one_in;
  if (live.drop_one_in != 0) {
    spdlog::warn("--sabotage: one record in {} is thrown away; answers are wrong",
                 live.drop_one_in);
  }
  auto backend = LiveBackend::start(clock_, live, publish);
  if (!backend) {
    return backend.error();
  }
  log_pins((*backend)->session());
  return std::unique_ptr<Backend>(std::move(backend).value());
}

Result<std::unique_ptr<Backend>> Daemon::try_backend(Source source) {
  const Backend::Publish publish = {
      [this](Change change) { pipeline_->take(std::move(change)); },
      [this](const ProcessEnd& end) { pipeline_->take(end); }};
  if (source == Source::ebpf) {
    return try_ebpf(publish);
  }
  auto reader = make_snapshot_reader(source, clock_);
  if (!reader) {
    return reader.error();
  }
  auto backend = PolledBackend::start(clock_, std::move(reader).value(),
                                      config_.snapshot_interval, publish);
  if (!backend) {
    return backend.error();
  }
  return std::unique_ptr<Backend>(std::move(backend).value());
}

Result<void> Daemon::open_backend() {
  const std::vector<Source> choices =
      options_.backend
          ? std::vector{*options_.backend}
          : std::vector{Source::ebpf, Source::sock_diag, Source::procfs};
  Error last;
  for (const Source source : choices) {
    auto backend = try_backend(source);
    if (backend) {
      backend_ = std::move(backend).value();
      return {};
    }
    last = add_context(backend.error(), std::string(to_string(source)));
    if (choices.size() > 1) {
      spdlog::warn("backend {}", last.context);
    }
  }
  return add_context(last, "no backend works");
}

Result<void> Daemon::serve() {
  questions_ = std::make_unique<Questions>(*backend_, *past_, *pipeline_,
                                           containers_, clock_);
  pipeline_->resume_orphans(*backend_);
  pipeline_->meet(backend_->known()(kMaxDetectorKeys));
  past_->begin(*backend_);
  ServerOptions limits;
  limits.max_clients = config_.max_clients;
  auto server =
      VarlinkServer::make(*loop_, *this, log_, std::move(listener_), limits);
  if (!server) {
    return server.error();
  }
  server_ = std::move(server).value();
  pipeline_->tell([this](const Change& change) { server_->publish(change); });
  return loop_->add(backend_->event_fd(), EPOLLIN,
                    [this](std::uint32_t) { on_events(); });
}

Result<void> Daemon::run() {
  const Status now = status();
  spdlog::info("ready: source={} confidence={} bindings={} hooks={}",
               to_string(now.source), to_string(now.confidence), now.bindings,
               now.hooks.size());
  for (const Missing& gap : now.missing) {
    spdlog::warn("not seen: {}", to_string(gap));
  }
  sd_notify(0, "READY=1");
  if (options_.ready_fd >= 0) {
    if (write(options_.ready_fd, "\n", 1) != 1) {
      spdlog::warn("cannot write to the ready descriptor {}", options_.ready_fd);
    }
    close(options_.ready_fd);
  }
  containers_.meet();
  const auto ran = loop_->run();
  if (!handing_over_) {
    sd_notify(0, "STOPPING=1");
  }
  return ran ? outcome_ : ran;
}

void Daemon::on_signal() {
  signalfd_siginfo info{};
  bool stop = false;
  bool start_anew = false;
  while (read(signals_.get(), &info, sizeof info) == sizeof info) {
    spdlog::info("signal={} sender={}", info.ssi_signo, info.ssi_pid);
    if (info.ssi_signo == SIGHUP) {
      reload();
    } else {
      (info.ssi_signo == SIGUSR2 ? start_anew : stop) = true;
    }
  }
  if (start_anew && !stop) {
    hand_over();
  }
  if (stop || handing_over_) {
    loop_->stop();
  }
}

// The program that main() starts in our place takes over hooks, maps and socket.
void Daemon::hand_over() {
  if (const auto config = read_config(options_.private_directory); !config) {
    spdlog::error("not started anew, the configuration is broken: {}",
                  config.error().context);
    return;
  }
  handing_over_ = true;
  backend_->leave_pins();
  if (own_socket_.empty()) {
    kept_socket_.reset(fcntl(SD_LISTEN_FDS_START, F_DUPFD_CLOEXEC, 0));
  }
  tell_reloading();  // our successor's READY=1 ends it
}

void Daemon::on_events() {
  if (auto done = backend_->drain(); !done) {
    outcome_ = done.error();
    loop_->stop();
  }
}

void Daemon::reload() {
  tell_reloading();
  const auto config = read_config(options_.private_directory);
  if (!config) {
    spdlog::error("configuration not applied, the old one stays: {}",
                  config.error().context);
  } else {
    apply(*config);
  }
  sd_notify(0, "READY=1");
}

// Everything but what the kernel side was made with at the start.
void Daemon::apply(const Config& config) {
  set_log_level(options_.log_level.empty() ? config.log_level : options_.log_level);
  server_->set_max_clients(config.max_clients);
  log_.set_capacity(config.recent_events);
  if (config.runtime_sockets != config_.runtime_sockets) {
    containers_.set_sockets(config.runtime_sockets);
    containers_.meet();
  }
  backend_->look_every(config.snapshot_interval);
  pipeline_->apply(config);
  Config next = config;
  next.ring_bytes = config_.ring_bytes;
  next.pin_directory = config_.pin_directory;
  next.bind_results = config_.bind_results;
  next.history = config_.history;
  const bool all = next.ring_bytes == config.ring_bytes &&
                   next.pin_directory == config.pin_directory &&
                   next.bind_results == config.bind_results &&
                   next.history == config.history;
  spdlog::info("configuration applied{}",
               all ? "" : ", but for ring, ebpf and history: they take a restart");
  config_ = std::move(next);
}

Status Daemon::status() {
  Status status = backend_->status();
  status.history = past_->status();
  status.alerts = pipeline_->alerts();
  status.version = PORTWATCH_VERSION;
  status.pid = getpid();
  status.started = started_;
  status.uptime_seconds =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                     clock_.boot_now() - started_boot_)
                                     .count());
  status.resident_bytes = resident_bytes();
  return status;
}

}  // namespace portwatch
