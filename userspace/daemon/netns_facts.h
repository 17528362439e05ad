// netns_facts.h - addresses and port settings of any network namespace.
//
// Threads: enters the namespace with the calling thread for a moment.
#pragma once

#include <cstdint>

#include "userspace/base/result.h"
#include "userspace/model/host_facts.h"

namespace portwatch {

// netns: inode number. Errors: not_found: no process is in it and it has no name;
// not_permitted and others as setns(2) and netlink have them.
Result<HostFacts> host_facts_of(std::uint32_t netns);

}  // namespace portwatch
