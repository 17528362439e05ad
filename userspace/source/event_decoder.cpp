#include "userspace/source/event_decoder.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "bpf/events.h"

namespace portwatch {
namespace {

constexpr std::uint32_t kMaxErrno = 4095;                  // include/linux/err.h
constexpr std::uint64_t kNanosecondsPerTick = 10'000'000;  // USER_HZ is 100

// The bytes may not be aligned for T.
template <class T>
T read_as(std::span<const std::byte> bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

bool is_datagram(Protocol protocol) {
  return protocol == Protocol::udp || protocol == Protocol::udplite;
}

SocketState state_of(Protocol protocol, std::uint8_t state) {
  if (state == TCP_CLOSE) {
    return SocketState::bound;
  }
  if (is_datagram(protocol)) {
    return SocketState::connected;
  }
  switch (state) {
    case TCP_LISTEN:
      return SocketState::listening;
    case TCP_FIN_WAIT1:
    case TCP_FIN_WAIT2:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
    case TCP_TIME_WAIT:
      return SocketState::closing;
    default:
      return SocketState::connected;
  }
}

std::optional<SocketFacts> socket_facts(const pw_socket& raw) {
  const auto protocol = protocol_from_number(raw.protocol);
  if (!protocol || (raw.family != AF_INET && raw.family != AF_INET6)) {
    return std::nullopt;
  }
  SocketFacts facts;
  facts.id = raw.id;
  facts.inode = raw.inode;
  facts.netns_cookie = raw.netns_cookie;
  facts.netns = raw.netns;
  facts.interface = raw.interface;
  facts.endpoint.protocol = *protocol;
  facts.endpoint.family = raw.family == AF_INET ? Family::ipv4 : Family::ipv6;
  facts.endpoint.port = raw.port;
  std::memcpy(facts.endpoint.address.data(), raw.address, sizeof raw.address);
  facts.state = state_of(*protocol, raw.state);
  facts.reuse_addr = (raw.flags & PW_SOCKET_REUSEADDR) != 0;
  facts.reuse_port = (raw.flags & PW_SOCKET_REUSEPORT) != 0;
  facts.ipv6_only = (raw.flags & PW_SOCKET_V6ONLY) != 0;
  facts.kernel = (raw.flags & PW_SOCKET_KERNEL) != 0;
  facts.mptcp = (raw.flags & PW_SOCKET_MPTCP) != 0;
  facts.locked = (raw.flags & PW_SOCKET_LOCKED) != 0;
  facts.uid = raw.uid;
  return facts;
}

TaskFacts task_facts(const pw_task& raw) {
  TaskFacts facts;
  facts.id.pid = static_cast<pid_t>(raw.pid);
  facts.id.start_ticks = raw.start_ns / kNanosecondsPerTick;
  facts.ppid = static_cast<pid_t>(raw.ppid);
  facts.uid = raw.uid;
  facts.parent_start_ticks = raw.parent_start_ns / kNanosecondsPerTick;
  facts.cgroup_id = raw.cgroup_id;
  facts.comm.assign(raw.comm, strnlen(raw.comm, sizeof raw.comm));
  return facts;
}

std::optional<KernelEvent> socket_event(std::span<const std::byte> bytes,
                                        SocketEvent::Kind kind) {
  if (bytes.size() != sizeof(pw_socket_record)) {
    return std::nullopt;
  }
  const auto raw = read_as<pw_socket_record>(bytes);
  const auto socket = socket_facts(raw.socket);
  if (!socket) {
    return std::nullopt;
  }
  return SocketEvent{kind, BootTime(raw.header.boot_ns), *socket,
                     task_facts(raw.task)};
}

std::optional<KernelEvent> process_event(std::span<const std::byte> bytes,
                                         ProcessEvent::Kind kind) {
  if (bytes.size() != sizeof(pw_process_record)) {
    return std::nullopt;
  }
  const auto raw = read_as<pw_process_record>(bytes);
  ProcessEvent event;
  event.kind = kind;
  event.when = BootTime(raw.header.boot_ns);
  event.task = task_facts(raw.task);
  event.child = {static_cast<pid_t>(raw.child_pid),
                 raw.child_start_ns / kNanosecondsPerTick};
  return event;
}

// Strings with a NUL each; a last one may be without.
std::vector<std::string> strings(const char* bytes, std::size_t length) {
  std::vector<std::string> found;
  for (std::string_view rest(bytes, length); !rest.empty();) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    found.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return found;
}

// The names of a path, the last one first.
std::string path_of(const char* bytes, std::size_t length) {
  std::string path;
  const auto names = strings(bytes, length);
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    path += "/" + *name;
  }
  return path.empty() ? "/" : path;
}

std::optional<TaskDetails> task_details(const pw_details& raw) {
  if (raw.exe_len > sizeof raw.exe || raw.argv_len > sizeof raw.argv ||
      raw.cgroup_len > sizeof raw.cgroup || raw.parent_count > PW_PARENTS) {
    return std::nullopt;
  }
  TaskDetails details;
  if ((raw.flags & PW_DETAILS_EXE) != 0) {
    details.exe = path_of(raw.exe, raw.exe_len);
    if ((raw.flags & PW_DETAILS_DELETED) != 0) {
      details.exe += " (deleted)";  // as the kernel shows it in /proc
    }
  }
  if ((raw.flags & PW_DETAILS_CGROUP) != 0) {
    details.cgroup = path_of(raw.cgroup, raw.cgroup_len);
  }
  details.argv = strings(raw.argv, raw.argv_len);
  details.argv_cut = (raw.flags & PW_DETAILS_ARGV_CUT) != 0;
  for (std::size_t i = 0; i < raw.parent_count; ++i) {
    details.parents.push_back(task_facts(raw.parent[i]));
  }
  return details;
}

std::optional<KernelEvent> exit_event(std::span<const std::byte> bytes) {
  if (bytes.size() != sizeof(pw_exit_record)) {
    return std::nullopt;
  }
  const auto raw = read_as<pw_exit_record>(bytes);
  ProcessEvent event;
  event.kind = ProcessEvent::Kind::exit;
  event.when = BootTime(raw.header.boot_ns);
  event.task = task_facts(raw.task);
  event.wait_status = static_cast<int>(raw.wait_status);
  if (raw.details.flags != 0) {
    event.details = task_details(raw.details);
    if (!event.details) {
      return std::nullopt;
    }
  }
  return event;
}

std::optional<Operation> operation_of(std::uint32_t raw) {
  switch (raw) {
    case PW_OP_BIND:
      return Operation::bind;
    case PW_OP_LISTEN:
      return Operation::listen;
    case PW_OP_CONNECT:
      return Operation::connect;
    default:
      return std::nullopt;
  }
}

std::optional<KernelEvent> failure_event(std::span<const std::byte> bytes) {
  if (bytes.size() != sizeof(pw_failure_record)) {
    return std::nullopt;
  }
  const auto raw = read_as<pw_failure_record>(bytes);
  const auto operation = operation_of(raw.operation);
  const auto socket = socket_facts(raw.socket);
  auto details = task_details(raw.details);
  if (!operation || !socket || !details || raw.error == 0 ||
      raw.error > kMaxErrno) {
    return std::nullopt;
  }
  return FailureEvent{
      *operation, static_cast<int>(raw.error), BootTime(raw.header.boot_ns),
      *socket,    task_facts(raw.task),        std::move(*details)};
}

std::optional<KernelEvent> event_of(std::uint32_t kind,
                                    std::span<const std::byte> bytes) {
  switch (kind) {
    case PW_BIND:
      return socket_event(bytes, SocketEvent::Kind::bind);
    case PW_LISTEN:
      return socket_event(bytes, SocketEvent::Kind::listen);
    case PW_UNLISTEN:
      return socket_event(bytes, SocketEvent::Kind::unlisten);
    case PW_RELEASE:
      return socket_event(bytes, SocketEvent::Kind::release);
    case PW_DESTROY:
      return socket_event(bytes, SocketEvent::Kind::destroy);
    case PW_CONNECT:
      return socket_event(bytes, SocketEvent::Kind::connect);
    case PW_FORK:
      return process_event(bytes, ProcessEvent::Kind::fork);
    case PW_EXEC:
      return process_event(bytes, ProcessEvent::Kind::exec);
    case PW_EXIT:
      return exit_event(bytes);
    case PW_FAILURE:
      return failure_event(bytes);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Record> decode_record(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(pw_header)) {
    return std::nullopt;
  }
  const auto header = read_as<pw_header>(bytes);
  auto event = event_of(header.kind, bytes);
  if (!event) {
    return std::nullopt;
  }
  return Record{header.cpu, header.seq, std::move(*event)};
}

void decode_socket_entries(std::span<const std::byte> bytes,
                           std::vector<SocketEntry>& entries) {
  entries.reserve(entries.size() + bytes.size() / sizeof(pw_socket_entry));
  for (; bytes.size() >= sizeof(pw_socket_entry);
       bytes = bytes.subspan(sizeof(pw_socket_entry))) {
    const auto raw = read_as<pw_socket_entry>(bytes);
    const auto socket = socket_facts(raw.socket);
    if (!socket) {
      continue;
    }
    SocketEntry& entry = entries.emplace_back();
    entry.socket = *socket;
    if (raw.creator.start_ns != 0) {
      entry.creator = task_facts(raw.creator);
    }
    if (raw.since_ns != 0) {
      entry.since = BootTime(raw.since_ns);
    }
  }
}

std::vector<HolderFacts> decode_holder_entries(std::span<const std::byte> bytes) {
  std::vector<HolderFacts> entries;
  for (; bytes.size() >= sizeof(pw_holder_entry);
       bytes = bytes.subspan(sizeof(pw_holder_entry))) {
    const auto raw = read_as<pw_holder_entry>(bytes);
    const auto socket = socket_facts(raw.socket);
    if (socket) {
      const pw_slot& at = raw.slot;
      entries.push_back({*socket,
                         task_facts(raw.task),
                         {at.task, at.files, at.file, at.sk, at.inode, at.id,
                          static_cast<int>(at.fd)},
                         raw.references,
                         raw.waiters,
                         raw.sharers,
                         raw.threads});
    }
  }
  return entries;
}

}  // namespace portwatch
