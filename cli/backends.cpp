#include "cli/backends.h"

#include <utility>

#include "cli/become_daemon.h"
#include "cli/group.h"
#include "cli/judge.h"
#include "cli/try_bind.h"
#include "fallback/fallback.h"
#include "userspace/source/container_names.h"
#include "userspace/source/netns.h"
#include "userspace/source/process_reader.h"

namespace portwatch::cli {
namespace {

class VarlinkDaemon final : public Daemon {
 public:
  explicit VarlinkDaemon(VarlinkClient client) : client_(std::move(client)) {}

  Result<Answer> ask(const Question& question) override {
    return client_.ask(question);
  }
  Result<Status> status() override { return client_.status(); }
  Result<Verdict> why(const BindRequest& request) override {
    return client_.why(request);
  }
  Result<EventsAnswer> failures(const HistoryQuestion& question) override {
    return client_.failures(question);
  }
  Result<EventsAnswer> loops(const HistoryQuestion& question) override {
    return client_.loops(question);
  }
  Result<Answer> history(const HistoryQuestion& question) override {
    return client_.history(question);
  }
  Result<void> watch(const VarlinkClient::WatchRequest& request,
                     std::optional<std::chrono::milliseconds> timeout,
                     const std::function<bool(const Change&)>& on_change) override {
    return client_.watch(request, timeout, on_change);
  }

 private:
  VarlinkClient client_;
};

}  // namespace

SystemBackends::SystemBackends(const Clock& clock, const RuntimeSockets& sockets)
    : clock_(clock),
      containers_(clock, ContainerLists::Asking::in_place, sockets,
                  [this](const std::string& why) { complaints_.push_back(why); }) {}

Result<std::unique_ptr<Daemon>> SystemBackends::connect(
    const std::string& path, std::chrono::milliseconds timeout) {
  auto client = VarlinkClient::connect(path, timeout);
  if (!client) {
    return client.error();
  }
  return std::unique_ptr<Daemon>(
      std::make_unique<VarlinkDaemon>(std::move(client).value()));
}

Result<std::unique_ptr<SnapshotReader>> SystemBackends::snapshot(
    std::optional<Source> source) {
  return source ? make_snapshot_reader(*source, clock_)
                : make_best_snapshot_reader(clock_);
}

std::vector<Process> SystemBackends::ancestors(const Process& process) {
  ProcessReader reader(clock_);
  // The daemon may live in another pid namespace: only if the number means the
  // same process here are its parents ours to tell.
  const auto here = reader.read_brief(process.id.pid);
  if (!here || !process.start_time || !is_same_process(*here, process)) {
    return {};
  }
  return reader.ancestors(*here);
}

std::vector<std::string> SystemBackends::name_containers(
    std::span<Binding> bindings) {
  portwatch::name_containers(bindings, containers_);
  return std::exchange(complaints_, {});
}

std::uint32_t SystemBackends::own_netns() {
  const auto netns = netns_of(0);
  return netns ? *netns : 0;
}

std::optional<std::uint32_t> SystemBackends::netns_named(const std::string& name) {
  for (const auto& [inode, known] : named_netns()) {
    if (known == name) {
      return inode;
    }
  }
  return std::nullopt;
}

Verdict SystemBackends::judge(BindRequest request, const Answer& look) {
  return cli::judge(request, look, clock_);
}

PortRange SystemBackends::automatic_ports() { return local_port_range(); }

Result<int> SystemBackends::try_bind(const BindRequest& request) {
  return cli::try_bind(request);
}

Result<int> SystemBackends::become_daemon(
    const std::vector<std::string>& arguments) {
  return cli::become_daemon(arguments);
}

}  // namespace portwatch::cli
