// sample.h - model values for the tests of the API.
#pragma once

#include <vector>

#include "userspace/model/answer.h"
#include "userspace/model/change.h"
#include "userspace/model/status.h"

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
  binding.since = sample_time();
  binding.until = sample_time(5);
  binding.remaining = std::chrono::milliseconds(43210);
  binding.creator = full_process(kSamplePid, uid);
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
  status.bindings = 4;
  status.clients = 5;
  status.subscribers = 6;
  status.resident_bytes = 7;
  status.started = sample_time();
  status.uptime_seconds = 8;
  return status;
}

}  // namespace portwatch
