// sample.h - model values for the tests of the API.
#pragma once

#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

#include "userspace/model/answer.h"
#include "userspace/model/change.h"
#include "userspace/model/history.h"
#include "userspace/model/status.h"
#include "userspace/model/verdict.h"

namespace portwatch {

// Time with microseconds, so that a lost digit shows.
inline WallTime sample_time(std::int64_t plus_us = 0) {
  return WallTime(std::chrono::microseconds(1795236197000123 + plus_us));
}

// Every field is known. start_ticks is 0: JSON does not carry it.
inline Process full_process(pid_t pid, uid_t uid) {
  Process process;
  process.id.pid = pid;
  process.start_time = sample_time(-1000000);
  process.name = "nginx";
  process.exe = "/usr/sbin/nginx";
  process.cmdline = {"nginx", "-g", "daemon off;"};
  process.uid = uid;
  process.user = "www-data";
  process.ppid = 1;
  process.ns_pid = 7;
  process.cgroup = "/system.slice/nginx.service";
  process.unit = "nginx.service";
  process.container = "docker:0123456789ab";
  process.container_name = "web";
  process.publishes =
      PublishedPort{"docker:ba9876543210", "db", "172.17.0.2", Port{5432}};
  process.orphan = false;
  return process;
}

inline Process full_holder(pid_t pid, uid_t uid) {
  Process process = full_process(pid, uid);
  process.fds = {6, 7};
  return process;
}

// No host has a process with this number: pid_max is at most 2^22 (proc(5)).
inline constexpr pid_t kSamplePid = 1 << 23;

// 127.0.0.1:port, listening, created by and held by processes of `uid`.
inline Binding full_binding(Port port, uid_t uid = 33) {
  Binding binding;
  binding.endpoint.address = {127, 0, 0, 1};
  binding.endpoint.port = port;
  binding.state = SocketState::listening;
  binding.id = "4711";
  binding.inode = 123456;
  binding.netns = 4026531840u;
  binding.netns_cookie = 1;
  binding.netns_name = "blue";
  binding.reuse_addr = true;
  binding.reuse_port = false;
  binding.interface = "eth0";
  binding.uid = uid;
  binding.since = sample_time();
  binding.until = sample_time(5);
  binding.remaining = std::chrono::milliseconds(43210);
  binding.creator = full_process(kSamplePid, uid);
  binding.last_exit = exit_status_from_wait(9);
  binding.held_by = HeldBy::process;
  binding.holders = {full_holder(kSamplePid, uid),
                     full_holder(kSamplePid + 1, uid)};
  return binding;
}

// Only what is always known.
inline Binding bare_binding(Port port) {
  Binding binding;
  binding.endpoint.protocol = Protocol::udp;
  binding.endpoint.family = Family::ipv6;
  binding.endpoint.port = port;
  binding.id = "4026531840-0";
  return binding;
}

inline Change change_of(ChangeType type, Port port) {
  Change change;
  change.type = type;
  change.time = sample_time();
  change.binding = full_binding(port);
  change.seq = 7;
  return change;
}

// Of a process of 33, blocked by one of `blocker`.
inline BindFailure full_failure(Port port, uid_t blocker = 34) {
  BindFailure failure;
  failure.operation = Operation::listen;
  failure.error = EADDRINUSE;
  failure.requested = full_binding(port).endpoint;
  failure.netns = 4026531840u;
  failure.netns_cookie = 1;
  failure.process = full_process(kSamplePid, 33);
  failure.parents = {full_process(kSamplePid + 2, 33),
                     full_process(kSamplePid + 3, 0)};
  failure.blockers = {full_binding(port, blocker)};
  failure.why = "nginx listens there";
  return failure;
}

inline Loop full_loop(Port port) {
  Loop loop;
  loop.subject = {Subject::Kind::program, "/opt/secret/nginx -g", uid_t{33},
                  "www-data"};
  loop.protocol = Protocol::mptcp;
  loop.port = port;
  loop.netns = 4026531840u;
  loop.netns_cookie = 1;
  loop.count = 5;
  loop.window = std::chrono::seconds(3600);
  loop.first = sample_time(1);
  loop.last = sample_time(2);
  loop.cause = "killed by SIGKILL";
  loop.blockers = {full_binding(port, 34)};
  loop.last_exit = ExitStatus{{}, SIGKILL, true};
  loop.last_process = full_process(kSamplePid, 33);
  loop.active = true;
  return loop;
}

inline Change failed_bind(Port port) {
  Change change = change_of(ChangeType::bind_failed, port);
  change.binding.reset();
  change.failure = full_failure(port);
  return change;
}

inline Change loop_event(ChangeType type, Port port) {
  Change change = change_of(type, port);
  change.binding.reset();
  change.loop = full_loop(port);
  return change;
}

// One of every type, in the order of ChangeType, with all that it can have.
inline std::vector<Change> all_events(Port port) {
  std::vector<Change> events;
  for (std::size_t i = 0; i < kChangeTypes; ++i) {
    const auto type = static_cast<ChangeType>(i);
    Change change = change_of(type, port);
    switch (type) {
      case ChangeType::events_lost:
        change.binding.reset();
        change.count = 12;
        break;
      case ChangeType::resynced:
        change.binding.reset();
        change.repairs = 3;
        break;
      case ChangeType::bind_failed:
        change = failed_bind(port);
        break;
      case ChangeType::bind_failure_loop:
      case ChangeType::crash_loop:
      case ChangeType::loop_ended:
        change = loop_event(type, port);
        break;
      case ChangeType::orphan:
        change.process = full_process(kSamplePid, 33);
        change.previous = full_process(kSamplePid + 1, 33);
        break;
      case ChangeType::owner_changed:
        change.previous = full_process(kSamplePid + 1, 33);
        break;
      case ChangeType::time_wait_pile:
        change.count = 4000;
        break;
      case ChangeType::port_conflict:
        change.binding.reset();
        break;
      default:
        break;
    }
    events.push_back(std::move(change));
  }
  return events;
}

inline Reason full_reason(ReasonCode code, uid_t uid = 33) {
  Reason reason;
  reason.code = code;
  reason.error = EADDRINUSE;
  reason.text = "nginx -g daemon off; listens there";
  reason.bindings = {full_binding(80, uid)};
  reason.remedies = {{"stop it", "systemctl stop nginx.service"},
                     {"take another port", std::nullopt}};
  return reason;
}

inline Verdict full_verdict() {
  Verdict verdict;
  verdict.outcome = Answerable::blocked;
  verdict.error = EADDRINUSE;
  verdict.request.endpoint = full_binding(80).endpoint;
  verdict.request.netns = 4026531840u;
  verdict.request.reuse_addr = true;
  verdict.request.reuse_port = true;
  verdict.request.listens = false;
  Reason note = full_reason(ReasonCode::ephemeral_range);
  note.blocks = false;
  note.error = 0;
  note.bindings.clear();
  verdict.reasons = {full_reason(ReasonCode::listener), note};
  verdict.confidence = Confidence::partial;
  verdict.missing = {{"holders", "no rights"}};
  return verdict;
}

// Failed binds and loops of the past.
inline EventsAnswer full_events() {
  EventsAnswer answer;
  answer.source = Source::procfs;
  answer.confidence = Confidence::partial;
  answer.missing = {{"scope", "history is off"}};
  answer.events = {failed_bind(80), loop_event(ChangeType::crash_loop, 80)};
  answer.active = 1;
  return answer;
}

inline Status full_status() {
  Status status;
  status.version = "0.1.0";
  status.pid = 42;
  status.source = Source::ebpf;
  status.confidence = Confidence::partial;
  status.missing = {{"holders", "no ptrace rights: really"}};
  status.hooks = {{"cgroup/post_bind4", true, "", 3},
                  {"cgroup/connect4", false, "Operation not permitted", 0}};
  status.events = 1;
  status.events_lost = 2;
  status.resyncs = 3;
  status.full_passes = 9;
  status.pins = "/sys/fs/bpf/portwatch";
  status.bind_results = "tracepoint";
  status.bind_results_refused = "cannot load fexit/__sys_bind";
  status.results_missed = 17;
  status.failures = 10;
  status.history = {true, "/var/lib/portwatch/history.db", "disk full", 11, 12, 13};
  status.alerts = {14, 15, 16, 17, 18};
  status.bindings = 4;
  status.clients = 5;
  status.subscribers = 6;
  status.resident_bytes = 7;
  status.started = sample_time();
  status.uptime_seconds = 8;
  return status;
}

}  // namespace portwatch
