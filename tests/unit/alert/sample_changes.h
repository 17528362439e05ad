// sample_changes.h - one change of each sort that hooks are about.
#pragma once

#include <arpa/inet.h>

#include <cerrno>
#include <string>

#include "userspace/model/change.h"

namespace portwatch::test {

inline Process process(pid_t pid, const std::string& name) {
  Process process;
  process.id = {pid, 1};
  process.name = name;
  return process;
}

inline Endpoint tcp4(const std::string& address, Port port) {
  Endpoint endpoint;
  endpoint.address = parse_address(Family::ipv4, address).value();
  endpoint.port = port;
  return endpoint;
}

inline Binding binding_of(const Process& holder, Port port) {
  Binding binding;
  binding.endpoint = tcp4("0.0.0.0", port);
  binding.netns = 4026531840;
  binding.creator = holder;
  binding.holders = {{holder}};
  return binding;
}

// nginx (pid 12, www-data, nginx.service) wanted 0.0.0.0:5055 of python3 (pid 3).
inline Change failed_bind() {
  Change change;
  change.type = ChangeType::bind_failed;
  change.time = WallTime(std::chrono::seconds(1'800'000'000));
  change.failure.emplace();
  change.failure->error = EADDRINUSE;
  change.failure->requested = tcp4("0.0.0.0", 5055);
  change.failure->netns = 4026531840;
  change.failure->process = process(12, "nginx");
  change.failure->process.exe = "/usr/sbin/nginx";
  change.failure->process.unit = "nginx.service";
  change.failure->process.user = "www-data";
  change.failure->process.uid = 33;
  change.failure->blockers = {{binding_of(process(3, "python3"), 5055)}};
  return change;
}

// nginx.service dies again and again on port 80.
inline Change crash_loop(Port port = 80) {
  Change change;
  change.type = ChangeType::crash_loop;
  change.loop.emplace();
  change.loop->subject = {Subject::Kind::unit, "nginx.service", {}, {}};
  change.loop->port = port;
  change.loop->netns = 4026531840;
  change.loop->count = 5;
  change.loop->window = std::chrono::hours(1);
  change.loop->cause = "exits with status 1";
  change.loop->last_exit = ExitStatus{1, {}, false};
  change.loop->last_process = process(77, "nginx");
  return change;
}

inline Change events_lost(std::uint64_t count) {
  Change change;
  change.type = ChangeType::events_lost;
  change.count = count;
  return change;
}

}  // namespace portwatch::test
