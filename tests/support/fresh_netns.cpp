#include "tests/support/fresh_netns.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "userspace/source/netns.h"

namespace portwatch::test {
namespace {

void check(bool ok, const char* what) {
  if (!ok) {
    throw std::system_error(errno, std::generic_category(), what);
  }
}

void raise_loopback() {
  const UniqueFd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  check(ioctl(any.get(), SIOCSIFFLAGS, &request) == 0, "cannot raise lo");
}

}  // namespace

FreshNetns::FreshNetns() : home_(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {
  check(home_.valid(), "cannot open our network namespace");
  check(unshare(CLONE_NEWNET) == 0, "cannot make a network namespace");
  raise_loopback();
  inode_ = netns_of(0).value();
}

FreshNetns::~FreshNetns() { setns(home_.get(), CLONE_NEWNET); }

}  // namespace portwatch::test
