// linux_values.h - constants of the kernel's interface that Debian 12's headers
// do not carry, or that userspace headers never do.
#pragma once

#include <sys/types.h>

namespace portwatch {

inline constexpr int kIpprotoMptcp = 262;  // linux/in.h
inline constexpr int kSoNetnsCookie = 71;  // asm-generic/socket.h, since 5.14
// PROC_PID_INIT_INO, linux/proc_ns.h: /proc/PID/ns/pid outside every container.
inline constexpr ino_t kInitPidNamespace = 0xEFFFFFFC;

}  // namespace portwatch
