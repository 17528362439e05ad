// sample.h - requests, sockets and processes in one line.
#pragma once

#include <stdlib.h>
#include <time.h>

#include <string>
#include <utility>
#include <vector>

#include "userspace/conflict/explain.h"

namespace portwatch::test {

inline constexpr std::uint32_t kNetns = 4026531840;
inline constexpr std::uint32_t kOtherNetns = 4026532600;

// 2026-11-20 12:00:03 UTC, which is local time from here on.
inline WallTime noon() {
  setenv("TZ", "UTC", 1);
  tzset();
  return WallTime(std::chrono::seconds(1795176003));
}

inline Endpoint endpoint(const std::string& address, Port port,
                         Protocol protocol = Protocol::tcp) {
  Endpoint at;
  at.protocol = protocol;
  at.family = address.find(':') == std::string::npos ? Family::ipv4 : Family::ipv6;
  at.address = parse_address(at.family, address).value();
  at.port = port;
  return at;
}

inline BindRequest request(const std::string& address, Port port,
                           Protocol protocol = Protocol::tcp) {
  BindRequest made;
  made.endpoint = endpoint(address, port, protocol);
  made.netns = kNetns;
  made.uid = 1000;
  return made;
}

inline Process process(pid_t pid, const std::string& name) {
  Process made;
  made.id = {pid, static_cast<std::uint64_t>(pid) * 10};
  made.name = name;
  made.uid = 0;
  made.user = "root";
  made.ppid = 1;
  return made;
}

// What is known of it is known: no options, of uid 0.
inline Binding binding(SocketState state, const Endpoint& at,
                       std::vector<Process> holders = {process(1234, "python3")}) {
  static std::uint64_t next = 0;
  Binding made;
  made.endpoint = at;
  made.state = state;
  made.inode = ++next;
  made.id = std::to_string(made.inode);
  made.netns = kNetns;
  if (at.family == Family::ipv6) {
    made.ipv6_only = at.address != AddressBytes{};
  }
  made.reuse_addr = false;
  made.reuse_port = false;
  made.uid = 0;
  made.held_by = holders.empty() ? HeldBy::nobody : HeldBy::process;
  made.holders = std::move(holders);
  return made;
}
inline Binding listener(const std::string& address, Port port,
                        std::vector<Process> holders = {process(1234, "python3")}) {
  return binding(SocketState::listening, endpoint(address, port),
                 std::move(holders));
}
// As sock_diag lists them: no user, no options.
inline Binding time_wait(const std::string& address, Port port, int seconds) {
  Binding made = binding(SocketState::closing, endpoint(address, port), {});
  made.inode = 0;
  made.remaining = std::chrono::seconds(seconds);
  made.reuse_addr.reset();
  made.reuse_port.reset();
  made.uid.reset();
  return made;
}

inline LocalAddress local(const std::string& address, unsigned prefix_length) {
  LocalAddress made;
  const Endpoint at = endpoint(address, 0);
  made.family = at.family;
  made.address = at.address;
  made.prefix_length = prefix_length;
  return made;
}
inline HostFacts host() {
  HostFacts facts;
  facts.addresses = {local("127.0.0.0", 8), local("127.0.0.1", 32),
                     local("192.168.1.5", 32), local("::1", 128)};
  return facts;
}

inline Answer answer(std::vector<Binding> bindings) {
  Answer made;
  made.bindings = std::move(bindings);
  return made;
}

inline Context context() {
  Context made;
  made.now = noon();
  made.own_netns = kNetns;
  return made;
}

inline Verdict verdict(const BindRequest& wanted, std::vector<Binding> bindings) {
  return explain(wanted, answer(std::move(bindings)), host(), context());
}

inline std::vector<ReasonCode> codes(const Verdict& verdict) {
  std::vector<ReasonCode> found;
  for (const Reason& reason : verdict.reasons) {
    found.push_back(reason.code);
  }
  return found;
}
inline std::vector<std::string> commands(const std::vector<Remedy>& remedies) {
  std::vector<std::string> found;
  for (const Remedy& remedy : remedies) {
    found.push_back(remedy.command.value_or("-"));
  }
  return found;
}
// The only reason with that code; an empty one and a failed test otherwise.
inline Reason only(const Verdict& verdict, ReasonCode code) {
  std::vector<Reason> found;
  for (const Reason& reason : verdict.reasons) {
    if (reason.code == code) {
      found.push_back(reason);
    }
  }
  return found.size() == 1 ? found[0]
                           : Reason{code, false, -1, "not there", {}, {}};
}

}  // namespace portwatch::test
