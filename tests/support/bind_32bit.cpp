#include "tests/support/bind_32bit.h"

#if defined(__x86_64__)
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mman.h>

#include <cerrno>
#include <system_error>

namespace portwatch::test {
namespace {

// What the call points to must lie below 4 GiB.
struct Low {
  sockaddr_in address;
  std::uint32_t arguments[3];
};

Low* low_memory() {
  void* low = mmap(nullptr, sizeof(Low), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(), "mmap");
  }
  return static_cast<Low*>(low);
}

std::uint32_t low_address(const void* of) {
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(of));
}

int call_32bit(long number, std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  long result = number;
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(static_cast<long>(a)), "c"(static_cast<long>(b)),
                 "d"(static_cast<long>(c))
               : "memory", "r8", "r9", "r10", "r11");
  return static_cast<int>(-result);
}

}  // namespace

int bind_32bit(Call32 call, const UniqueFd& socket, Port port) {
  // arch/x86/entry/syscalls/syscall_32.tbl, include/uapi/linux/net.h
  constexpr long kBind = 361;
  constexpr long kSocketcall = 102;
  constexpr std::uint32_t kSocketcallBind = 2;
  Low* low = low_memory();
  low->address.sin_family = AF_INET;
  low->address.sin_port = htons(port);
  low->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto fd = static_cast<std::uint32_t>(socket.get());
  const std::uint32_t size = sizeof low->address;
  low->arguments[0] = fd;
  low->arguments[1] = low_address(&low->address);
  low->arguments[2] = size;
  const int error = call == Call32::bind
                        ? call_32bit(kBind, fd, low_address(&low->address), size)
                        : call_32bit(kSocketcall, kSocketcallBind,
                                     low_address(low->arguments), 0);
  munmap(low, sizeof *low);
  return error;
}

}  // namespace portwatch::test
#endif
