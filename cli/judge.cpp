#include "cli/judge.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "userspace/base/unique_fd.h"
#include "userspace/conflict/explain.h"
#include "userspace/source/host_facts_reader.h"
#include "userspace/source/netns.h"

namespace portwatch::cli {
namespace {

// capget(2); glibc has no wrapper, and libcap would be one more library to load.
std::optional<bool> has_net_bind_service() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, data) != 0) {
    return std::nullopt;
  }
  return (data[0].effective & (1u << CAP_NET_BIND_SERVICE)) != 0;
}

// The capability counts over the namespace's owner only. The kernel names the owner
// (ioctl_ns(2)) unless it is above our own user namespace: EPERM, and no right of
// ours reaches there.
bool netns_is_out_of_reach() {
  const UniqueFd netns(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!netns.valid()) {
    return false;
  }
  const UniqueFd owner(ioctl(netns.get(), NS_GET_USERNS));
  return !owner.valid() && errno == EPERM;
}

}  // namespace

Verdict judge(BindRequest request, const Answer& look, const Clock& clock) {
  const auto own_netns = netns_of(0);
  request.netns = own_netns ? *own_netns : 0;
  request.uid = geteuid();
  request.may_bind_low_ports = has_net_bind_service();
  if (request.may_bind_low_ports == true && netns_is_out_of_reach()) {
    request.may_bind_low_ports = false;
  }
  Answer seen = look;
  auto facts = read_host_facts();
  if (facts) {
    facts->protocol = makes_sockets(request.endpoint.protocol);
  } else {
    seen.miss({"scope", "the port settings: " + facts.error().context});
  }
  portwatch::Context context;
  context.now = clock.wall_now();
  context.own_netns = request.netns;
  return explain(request, seen, facts ? *facts : HostFacts{}, context);
}

}  // namespace portwatch::cli
