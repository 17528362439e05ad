// bind_32bit.h - bind(2) as a 32-bit program calls it. x86-64 only.
#pragma once

#include "tests/support/sockets.h"

namespace portwatch::test {

#if defined(__x86_64__)
enum class Call32 { bind, socketcall };
// Binds to 127.0.0.1. 0 or an errno.
int bind_32bit(Call32 call, const UniqueFd& socket, Port port);
#endif

}  // namespace portwatch::test
