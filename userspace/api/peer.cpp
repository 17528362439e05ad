#include "userspace/api/peer.h"

#include <sys/socket.h>

#include <cerrno>
#include <string_view>

#include "userspace/api/proc_file.h"
#include "userspace/source/netns.h"

namespace portwatch {
namespace {

// proc(5): a line is "ID PARENT DEV ROOT MOUNTPOINT OPTIONS... - TYPE SOURCE
// SUPER_OPTIONS"; hidepid is among the super options.
bool is_proc_mount(std::string_view line) {
  return line.find(" /proc ") != std::string_view::npos &&
         line.find(" - proc ") != std::string_view::npos;
}

bool has_hidepid(std::string_view line) {
  constexpr std::string_view kOption = "hidepid=";
  const auto at = line.rfind(kOption);
  if (at == std::string_view::npos || at + kOption.size() == line.size()) {
    return false;
  }
  return line[at + kOption.size()] != '0' &&
         line.substr(at + kOption.size(), 3) != "off";
}

}  // namespace

bool hides_processes(const std::string& mountinfo) {
  bool hidden = false;
  std::string_view rest = mountinfo;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    if (is_proc_mount(line)) {
      hidden = has_hidepid(line);  // the last one covers the ones before
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return hidden;
}

Result<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return errno_error(errno, "SO_PEERCRED");
  }
  Peer peer;
  peer.pid = credentials.pid;
  peer.gid = credentials.gid;
  peer.viewer.uid = credentials.uid;
  if (!peer.viewer.sees_all()) {
    peer.viewer.proc_hidden =
        hides_processes(read_proc_file("/proc/self/mountinfo"));
  }
  if (peer.pid != 0) {  // netns_of(0) would be our own
    const Result<std::uint32_t> netns = netns_of(peer.pid);
    peer.netns = netns ? *netns : 0;
  }
  return peer;
}

}  // namespace portwatch
