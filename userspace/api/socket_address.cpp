#include "userspace/api/socket_address.h"

#include <sys/socket.h>

#include <cstring>

namespace portwatch {

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.find('\0') != std::string::npos) {
    return Error{Errc::invalid, "'" + path + "' is no socket path"};
  }
  if (path.size() >= sizeof address.sun_path) {
    return Error{Errc::invalid, "the socket path " + path +
                                    " is too long: " + std::to_string(path.size()) +
                                    " bytes, 107 at most"};
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace portwatch
