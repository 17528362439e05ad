// remedies.h - what helps against whom, with a command to type.
//
// Names of units and containers come from directories that users make: a command
// quotes them for the shell, and is left out where that would not be safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/model/binding.h"
#include "userspace/model/host_facts.h"
#include "userspace/model/verdict.h"

namespace portwatch {

// As one word of a shell's command line; empty when it cannot be one (control
// characters), or might be taken for an option.
std::optional<std::string> shell_word(std::string_view text);

// Ending those who hold the sockets: their unit or container where one would start
// them again, else the processes. A command for each.
std::vector<Remedy> end_owners(std::span<const Binding> bindings);

// Keeping automatic ports away from `port`, beside those kept away already.
Remedy reserve_port(Port port, const HostFacts& facts);

// What the kernel holds a port for; the command shows it, or ends it.
Remedy end_kernel_holder(const Endpoint& endpoint);
// "VXLAN", "NFS": what usually is on that port in the kernel; empty: not known.
std::string_view kernel_service(const Endpoint& endpoint);
// Nobody is seen to hold them, on a port that the kernel itself may use.
bool is_perhaps_the_kernels(std::span<const Binding> bindings);

}  // namespace portwatch
