#include "fallback/sock_diag_tables.h"

#include <unistd.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "fallback/sock_diag.h"

namespace portwatch {
namespace {

constexpr std::uint32_t kCloseBit = 1u << 7;
constexpr std::uint32_t kListenBit = 1u << 10;
constexpr std::uint32_t kEveryBit = (1u << 14) - 2;  // states 1 to 13

bool is_datagram(Protocol protocol) {
  return protocol == Protocol::udp || protocol == Protocol::udplite;
}

std::uint32_t states_for(Protocol protocol, const TableQuery& query) {
  if (query.connected) {
    return kEveryBit;
  }
  if (is_datagram(protocol)) {
    return kCloseBit;
  }
  return query.listening ? kListenBit : kListenBit | kCloseBit | kBoundInactiveBit;
}

// MPTCP is not among them: its sockets are read as the TCP ones that they use.
std::vector<Protocol> protocols_for(const TableQuery& query) {
  if (query.protocol) {
    return {*query.protocol == Protocol::mptcp ? Protocol::tcp : *query.protocol};
  }
  std::vector<Protocol> all = {Protocol::tcp, Protocol::udp, Protocol::udplite};
  // Asking for SCTP may load its module; it is loaded where it is used.
  if (access("/proc/net/sctp", F_OK) == 0) {
    all.push_back(Protocol::sctp);
  }
  return all;
}

bool asks_tcp(const TableQuery& query) {
  return protocols_for(query).front() == Protocol::tcp;
}

class SockDiagTables final : public SocketTables {
 public:
  Source source() const override { return Source::sock_diag; }
  // Believed until the first look has shown it: a walk through the kernel's
  // tables for this question alone would cost as much as that look.
  bool shows_silent_sockets() const override {
    return bound_inactive_.value_or(true);
  }
  Result<TableView> read(const Namespace& where, const TableQuery& query) override;

 private:
  std::optional<bool> bound_inactive_;
};

// One look at one namespace.
class TableLook {
 public:
  // The probe, if there is one, is looked for and left out.
  TableLook(SockDiag& diag, const TableQuery& query, bool foreign, BoundProbe probe)
      : diag_(diag), query_(query), foreign_(foreign), probe_(std::move(probe)) {}

  bool found_probe() const { return found_probe_; }

  TableView take() {
    for (const Protocol protocol : protocols_for(query_)) {
      dump(protocol, view_.sockets);
      if (protocol == Protocol::tcp) {
        mark_mptcp();
      }
    }
    for (SocketRecord& socket : view_.sockets) {
      socket.interface = diag_.interface_name(socket.interface_index);
    }
    view_.netns_cookie = diag_.netns_cookie();
    return std::move(view_);
  }

 private:
  void dump(Protocol protocol, std::vector<SocketRecord>& out) {
    if (protocol == Protocol::tcp) {
      dump_tcp(out);
      return;
    }
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      DiagRequest request = request_for(protocol);
      request.family = family;
      take(diag_.dump(request), out);
    }
  }

  void dump_tcp(std::vector<SocketRecord>& out) {
    DiagRequest request = request_for(Protocol::tcp);
    request.family.reset();
    request.or_port = request.port != 0 ? probe_.port : 0;
    auto sockets = diag_.dump(request);
    if (request.or_port != 0 && !sockets && sockets.error().code == Errc::invalid) {
      // A kernel too old for this filter (5.8) lists no such sockets either.
      request.or_port = 0;
      sockets = diag_.dump(request);
    }
    const std::size_t first = out.size();
    take(std::move(sockets), out);
    const auto own =
        std::find_if(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(),
                     [this](const auto& s) {
                       return probe_.inode != 0 && s.inode == probe_.inode;
                     });
    if (own != out.end()) {
      found_probe_ = true;
      out.erase(own);
    }
  }

  DiagRequest request_for(Protocol protocol) const {
    DiagRequest request;
    request.protocol = protocol;
    request.states = states_for(protocol, query_);
    request.port = query_.port.value_or(0);
    return request;
  }

  void take(Result<std::vector<SocketRecord>> sockets,
            std::vector<SocketRecord>& out) {
    if (sockets) {
      std::move(sockets->begin(), sockets->end(), std::back_inserter(out));
    } else if (sockets.error().code != Errc::not_found) {
      // not_found: the kernel has no such protocol, so no such sockets.
      view_.missing.push_back(
          {foreign_ ? "namespaces" : "sockets", sockets.error().context});
    }
  }

  // A TCP socket that belongs to an MPTCP one has its inode. Mostly the TCP
  // dump says so itself; older kernels keep that from ordinary users.
  void mark_mptcp() {
    if (std::none_of(view_.sockets.begin(), view_.sockets.end(), may_be_mptcp)) {
      return;
    }
    std::vector<SocketRecord> wholes;
    dump(Protocol::mptcp, wholes);
    std::set<std::uint64_t> inodes;
    for (const SocketRecord& whole : wholes) {
      inodes.insert(whole.inode);
    }
    for (SocketRecord& socket : view_.sockets) {
      if (may_be_mptcp(socket) && inodes.count(socket.inode) != 0) {
        socket.local.protocol = Protocol::mptcp;
      }
      // This dump lists all MPTCP sockets but those that are only bound.
      socket.layer_known |= socket.state != SocketState::bound;
    }
  }

  static bool may_be_mptcp(const SocketRecord& socket) {
    return socket.inode != 0 && !socket.layer_known &&
           socket.local.protocol == Protocol::tcp;
  }

  SockDiag& diag_;
  const TableQuery& query_;
  bool foreign_;
  BoundProbe probe_;
  bool found_probe_ = false;
  TableView view_;
};

Result<TableView> SockDiagTables::read(const Namespace& where,
                                       const TableQuery& query) {
  std::optional<Result<SockDiag>> diag;
  BoundProbe probe;
  const bool must_probe = !bound_inactive_ && !query.listening && asks_tcp(query);
  const auto entered = run_in_namespace(where, [&] {
    diag = SockDiag::open();
    probe = must_probe ? make_bound_probe() : BoundProbe{};
  });
  if (!entered) {
    return entered.error();
  }
  TableView refused;
  if (*entered) {
    refused.missing.push_back({"namespaces", (*entered)->context});
    return refused;
  }
  if (!*diag) {
    return diag->error();
  }
  TableLook look(**diag, query, !where.own(), std::move(probe));
  TableView view = look.take();
  if (must_probe) {
    bound_inactive_ = look.found_probe();
  }
  return view;
}

}  // namespace

Result<std::unique_ptr<SocketTables>> make_sock_diag_tables() {
  auto diag = SockDiag::open();
  if (!diag) {
    return diag.error();
  }
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    DiagRequest request;  // no state at all: nothing is listed
    request.protocol = protocol;
    if (protocol == Protocol::tcp) {
      request.family.reset();
    }
    const auto answered = diag->dump(request);
    if (!answered) {
      return Error{answered.error().code == Errc::not_permitted
                       ? Errc::not_permitted
                       : Errc::not_supported,
                   answered.error().context};
    }
  }
  return std::unique_ptr<SocketTables>(std::make_unique<SockDiagTables>());
}

}  // namespace portwatch
