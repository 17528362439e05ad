// messages.h - descriptors in Unix socket messages (unix(7), SCM_RIGHTS).
#pragma once

#include "userspace/base/unique_fd.h"

namespace portwatch::test {

// Two connected ends. Throws std::system_error, as everything here.
struct Channel {
  UniqueFd left;
  UniqueFd right;
};
Channel make_channel();

void send_descriptor(const UniqueFd& through, const UniqueFd& what);
UniqueFd receive_descriptor(const UniqueFd& from);

}  // namespace portwatch::test
