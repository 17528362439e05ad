#include "userspace/conflict/socket_text.h"

#include <algorithm>

#include "userspace/conflict/conflict.h"
#include "userspace/conflict/remedies.h"
#include "userspace/conflict/words.h"

namespace portwatch {
namespace {

using Bindings = std::vector<Binding>;

// "A is", "A and B are".
std::string subject_text(const Bindings& bindings) {
  const std::string places = places_text(bindings);
  return places + (places.find(" and ") == places.npos ? " is " : " are ");
}

std::string served_by(const Bindings& bindings, const char* verb, WallTime now) {
  return subject_text(bindings) + verb + who_text(bindings) +
         since_text(bindings, now) + command_text(bindings);
}

std::string bound_text(const Bindings& bindings, WallTime now) {
  return served_by(bindings, "bound by ", now) +
         "; it does not listen, so that ss -tln does not show it";
}

std::string connection_text(const SocketGroup& group, WallTime now) {
  const Bindings& bindings = group.bindings;
  const bool one = bindings.size() == 1;
  const char* how =
      group.code == ReasonCode::connection
          ? ", accepted by a listener that is gone or bound before it connected"
      : group.ephemeral.contains(bindings[0].endpoint.port)
          ? ", on a port that the kernel chose for a client"
          : "";
  return subject_text(bindings) + "the local end of " +
         (one ? "a connection" : counted(bindings.size(), "connection")) + " of " +
         who_text(bindings) + since_text(bindings, now) + how +
         command_text(bindings);
}

// The longest, rounded up; empty when one has no end that is known.
std::optional<std::size_t> seconds_left(const Bindings& bindings) {
  std::size_t longest = 0;
  for (const Binding& binding : bindings) {
    if (!binding.remaining) {
      return std::nullopt;
    }
    const auto seconds =
        std::chrono::ceil<std::chrono::seconds>(*binding.remaining);
    longest = std::max(longest, static_cast<std::size_t>(
                                    std::max<std::int64_t>(0, seconds.count())));
  }
  return longest;
}

// ", for 43 seconds at most".
std::string rest_text(const Bindings& bindings) {
  const auto left = seconds_left(bindings);
  return left ? ", for " + counted(*left, "second") + " at most" : "";
}

// "; python3 (pid 1234, root) had it last". Nobody holds it, so that a creator is
// what is known of the past.
std::string last_owner_text(Bindings bindings) {
  for (Binding& binding : bindings) {
    binding.holders.reset();
  }
  return owners_of(bindings).empty() ? ""
                                     : "; " + who_text(bindings) + " had it last";
}

std::string time_wait_text(const SocketGroup& group) {
  const Bindings& bindings = group.bindings;
  return counted(bindings.size(), "closed connection") + " still " +
         (bindings.size() == 1 ? "holds " : "hold ") + places_text(bindings) +
         " (TIME_WAIT)" + rest_text(bindings) + last_owner_text(bindings) +
         (group.blocks ? ""
                       : "; SO_REUSEADDR passes if the old server had set it too, "
                         "which the kernel does not show");
}

std::string orphan_text(const Bindings& bindings) {
  const bool one = bindings.size() == 1;
  return counted(bindings.size(), "connection") +
         " that no process holds any more " + (one ? "is" : "are") +
         " still closing on " + places_text(bindings) + rest_text(bindings) +
         last_owner_text(bindings);
}

std::string kernel_text(const Bindings& bindings) {
  const auto service = kernel_service(bindings[0].endpoint);
  return subject_text(bindings) + "held by the kernel itself" +
         (service.empty() ? "" : ", as a rule for " + std::string(service));
}

// Why an option that the request has does not let it in.
std::string options_text(const SocketGroup& group) {
  const BindRequest& request = group.request;
  const Binding& first = group.bindings[0];
  if (!group.blocks && group.code == ReasonCode::time_wait) {
    return "";
  }
  if (!group.blocks) {
    return conflicts(request, first) == true
               ? "; another socket admits it, and which of them the kernel asks "
                 "first is not known"
               : "; whether that blocks is not known: its options are not";
  }
  if (request.reuse_port && first.reuse_port == true && first.uid) {
    return "; its SO_REUSEPORT is for uid " + std::to_string(*first.uid) +
           (request.uid ? ", not for uid " + std::to_string(*request.uid)
                        : " only");
  }
  if (request.reuse_port && first.reuse_port == false) {
    return "; it has not set SO_REUSEPORT";
  }
  if (request.reuse_addr && first.reuse_addr == false) {
    return "; it has not set SO_REUSEADDR";
  }
  return request.reuse_addr && first.state == SocketState::listening
             ? "; SO_REUSEADDR does not help beside a listener"
             : "";
}

std::string plain_text(const SocketGroup& group, WallTime now) {
  const Bindings& bindings = group.bindings;
  switch (group.code) {
    case ReasonCode::bound:
      return bound_text(bindings, now);
    case ReasonCode::client_port:
    case ReasonCode::connection:
      return connection_text(group, now);
    case ReasonCode::time_wait:
      return time_wait_text(group);
    case ReasonCode::orphan:
      return orphan_text(bindings);
    case ReasonCode::kernel:
      return kernel_text(bindings);
    case ReasonCode::in_flight:
      return subject_text(bindings) +
             "held by a descriptor on its way between processes: in a message that "
             "nobody has received yet, or in an io_uring";
    default:
      break;
  }
  return served_by(bindings,
                   is_stream(bindings[0].endpoint.protocol) ? "listened on by "
                                                            : "taken by ",
                   now) +
         (is_perhaps_the_kernels(bindings)
              ? ", perhaps by the kernel itself (" +
                    std::string(kernel_service(bindings[0].endpoint)) + ")"
              : "");
}

}  // namespace

std::string socket_text(const SocketGroup& group, WallTime now) {
  return plain_text(group, now) + options_text(group);
}

}  // namespace portwatch
