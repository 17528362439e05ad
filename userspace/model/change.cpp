#include "userspace/model/change.h"

#include <cstring>

namespace portwatch {

bool is_alert(ChangeType type) {
  switch (type) {
    case ChangeType::bind:
    case ChangeType::listen:
    case ChangeType::release:
    case ChangeType::resynced:
      return false;
    default:
      return true;
  }
}

Port port_of(const Change& change) {
  if (change.binding) {
    return change.binding->endpoint.port;
  }
  if (change.failure) {
    return change.failure->requested.port;
  }
  return change.loop ? change.loop->port : Port{0};
}

std::string error_name(int number) {
  const char* name = strerrorname_np(number);
  return name != nullptr && number != 0 ? name : "errno " + std::to_string(number);
}

}  // namespace portwatch
