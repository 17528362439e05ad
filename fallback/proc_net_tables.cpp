#include "fallback/proc_net_tables.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "fallback/borrowed_socket.h"
#include "fallback/proc_net.h"
#include "userspace/source/netns.h"
#include "userspace/source/read_file.h"

namespace portwatch {
namespace {

constexpr std::size_t kMaxTable = std::size_t{1} << 30;

struct TableFile {
  const char* name;
  Protocol protocol;
  Family family;
};
constexpr std::array<TableFile, 6> kTables = {
    {{"tcp", Protocol::tcp, Family::ipv4},
     {"tcp6", Protocol::tcp, Family::ipv6},
     {"udp", Protocol::udp, Family::ipv4},
     {"udp6", Protocol::udp, Family::ipv6},
     {"udplite", Protocol::udplite, Family::ipv4},
     {"udplite6", Protocol::udplite, Family::ipv6}}};

std::optional<std::uint64_t> netns_cookie() {
  const UniqueFd any(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return socket_option<std::uint64_t>(any, SOL_SOCKET, kSoNetnsCookie);
}

bool wanted(const TableFile& file, const TableQuery& query) {
  return !query.protocol || covers(*query.protocol, file.protocol) ||
         covers(file.protocol, *query.protocol);
}

// Reads the files below `net`, "/proc/thread-self/net" or "/proc/PID/net". A
// file that is not there is a protocol that the kernel does not have.
void read_tables(const std::string& net, const TableQuery& query, TableView& view) {
  for (const TableFile& file : kTables) {
    if (!wanted(file, query)) {
      continue;
    }
    const std::string path = net + "/" + file.name;
    const auto bytes = read_table_at(AT_FDCWD, path.c_str(), kMaxTable);
    if (bytes) {
      auto sockets = parse_proc_net(*bytes, file.protocol, file.family);
      std::move(sockets.begin(), sockets.end(), std::back_inserter(view.sockets));
    } else if (errno != ENOENT) {
      view.missing.push_back({"sockets", errno_error(errno, path).context});
    }
  }
}

class ProcNetTables final : public SocketTables {
 public:
  Source source() const override { return Source::procfs; }
  bool shows_silent_sockets() const override { return false; }
  Result<TableView> read(const Namespace& where, const TableQuery& query) override;
};

// Is the process that we read through still where it was?
bool still_there(const Namespace& where) {
  const auto now = netns_of(where.pid);
  return now && *now == where.inode;
}

Result<TableView> ProcNetTables::read(const Namespace& where,
                                      const TableQuery& query) {
  TableView view;
  const auto entered = run_in_namespace(where, [&] {
    read_tables("/proc/thread-self/net", query, view);
    view.netns_cookie = netns_cookie();
  });
  if (!entered) {
    return entered.error();
  }
  if (!*entered) {
    return view;
  }
  // Without the right to go there, any process that lives there will do.
  if (where.pid != 0) {
    read_tables("/proc/" + std::to_string(where.pid) + "/net", query, view);
  }
  if (where.pid == 0 || !still_there(where)) {
    view = {};
    view.missing.push_back({"namespaces", (*entered)->context});
  }
  return view;
}

}  // namespace

Result<std::unique_ptr<SocketTables>> make_proc_net_tables() {
  if (access("/proc/thread-self/net/tcp", R_OK) != 0) {
    return Error{Errc::not_supported,
                 errno_error(errno, "cannot read /proc/net/tcp").context};
  }
  return std::unique_ptr<SocketTables>(std::make_unique<ProcNetTables>());
}

}  // namespace portwatch
