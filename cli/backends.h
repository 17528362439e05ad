// backends.h - who can answer: a daemon, or a look of one's own.
//
// The command's only doors to the system behind the answers, so that tests can
// stand in for both.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "userspace/api/varlink_client.h"
#include "userspace/base/clock.h"
#include "userspace/source/container_lists.h"
#include "userspace/source/port_range.h"
#include "userspace/source/snapshot_reader.h"

namespace portwatch::cli {

// A connected portwatchd. Errors: as VarlinkClient.
class Daemon {
 public:
  virtual ~Daemon() = default;
  virtual Result<Answer> ask(const Question& question) = 0;
  virtual Result<Status> status() = 0;
  virtual Result<Verdict> why(const BindRequest& request) = 0;
  virtual Result<EventsAnswer> failures(const HistoryQuestion& question) = 0;
  virtual Result<EventsAnswer> loops(const HistoryQuestion& question) = 0;
  virtual Result<Answer> history(const HistoryQuestion& question) = 0;
  virtual Result<void> watch(
      const VarlinkClient::WatchRequest& request,
      std::optional<std::chrono::milliseconds> timeout,
      const std::function<bool(const Change&)>& on_change) = 0;
};

class Backends {
 public:
  virtual ~Backends() = default;
  // Errors: as VarlinkClient::connect.
  virtual Result<std::unique_ptr<Daemon>> connect(
      const std::string& path, std::chrono::milliseconds timeout) = 0;
  // The named fallback backend, or the best one. Errors: as fallback.h.
  virtual Result<std::unique_ptr<SnapshotReader>> snapshot(
      std::optional<Source> source) = 0;
  // The parents of `process`, nearest first; empty when it is not, or no
  // longer, a process that can be seen from here.
  virtual std::vector<Process> ancestors(const Process& process) = 0;
  // Names containers as container_names.h does; waits for the runtimes a moment.
  // Returns why one could not be asked, a line each.
  virtual std::vector<std::string> name_containers(std::span<Binding> bindings) = 0;
  // The network namespace of the command; 0 when it cannot be read.
  virtual std::uint32_t own_netns() = 0;
  // Inode number of the namespace with that name; empty when there is none.
  virtual std::optional<std::uint32_t> netns_named(const std::string& name) = 0;

  // What the kernel's rules say of a bind by this process, in its own namespace;
  // `look` is what is on the port. Fills in the request's netns, uid and
  // may_bind_low_ports.
  virtual Verdict judge(BindRequest request, const Answer& look) = 0;
  // Binds, listens if the request says so, and closes at once. The errno of what
  // failed, 0 when nothing did. Error: there was no socket to try it with.
  virtual Result<int> try_bind(const BindRequest& request) = 0;
  // The ports that the kernel hands out in this namespace.
  virtual PortRange automatic_ports() = 0;
  // Becomes portwatchd with these arguments; returns only if that fails
  // (not_found: no such program), or in a test with the exit code.
  virtual Result<int> become_daemon(const std::vector<std::string>& arguments) = 0;
};

class SystemBackends final : public Backends {
 public:
  // The clock must outlive this. The runtimes are asked at `sockets`.
  SystemBackends(const Clock& clock, const RuntimeSockets& sockets);
  Result<std::unique_ptr<Daemon>> connect(
      const std::string& path, std::chrono::milliseconds timeout) override;
  Result<std::unique_ptr<SnapshotReader>> snapshot(
      std::optional<Source> source) override;
  std::vector<Process> ancestors(const Process& process) override;
  std::vector<std::string> name_containers(std::span<Binding> bindings) override;
  std::uint32_t own_netns() override;
  std::optional<std::uint32_t> netns_named(const std::string& name) override;
  Verdict judge(BindRequest request, const Answer& look) override;
  Result<int> try_bind(const BindRequest& request) override;
  PortRange automatic_ports() override;
  Result<int> become_daemon(const std::vector<std::string>& arguments) override;

 private:
  const Clock& clock_;
  std::vector<std::string> complaints_;  // of containers_, to be told
  ContainerLists containers_;
};

}  // namespace portwatch::cli
