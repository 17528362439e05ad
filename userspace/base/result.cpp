#include "userspace/base/result.h"

#include <cerrno>
#include <cstring>

namespace portwatch {
namespace {

Errc errc_of(int number) {
  switch (number) {
    case EPERM:
    case EACCES:
      return Errc::not_permitted;
    case ENOENT:
    case ESRCH:
      return Errc::not_found;
    case EOPNOTSUPP:
    case ENOSYS:
      return Errc::not_supported;
    case EINVAL:
      return Errc::invalid;
    case EADDRINUSE:
    case EBUSY:
      return Errc::busy;
    case ETIMEDOUT:
    case EAGAIN:
      return Errc::timed_out;
    case ECONNRESET:
    case EPIPE:
      return Errc::closed;
    default:
      return Errc::io;
  }
}

}  // namespace

Error errno_error(int number, std::string_view what) {
  return {errc_of(number), std::string(what) + ": " + std::strerror(number)};
}

}  // namespace portwatch
