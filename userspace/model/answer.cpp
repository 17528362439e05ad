#include "userspace/model/answer.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace portwatch {
namespace {

bool takes_traffic(const Binding& binding) {
  return binding.state == SocketState::listening ||
         (binding.state == SocketState::bound &&
          !is_stream(binding.endpoint.protocol));
}

// True when a connection at `local` may have come in through `server`.
bool in_use(SocketState state) {
  return state == SocketState::connected || state == SocketState::closing;
}

}  // namespace

std::string to_string(const Missing& missing) {
  return missing.what + ": " + missing.why;
}

void Answer::miss(Missing gap) {
  confidence = Confidence::partial;
  if (std::find(missing.begin(), missing.end(), gap) == missing.end()) {
    missing.push_back(std::move(gap));
  }
}

bool admits(const Question& question, const Binding& binding) {
  const Endpoint& at = binding.endpoint;
  if (question.port && *question.port != at.port) {
    return false;
  }
  if (question.protocol && !covers(*question.protocol, at.protocol)) {
    return false;
  }
  if (question.netns && *question.netns != binding.netns) {
    return false;
  }
  if (question.listening) {
    return takes_traffic(binding);
  }
  return question.port || question.connected || !in_use(binding.state);
}

bool held_by_pid(const Binding& binding, pid_t pid) {
  return binding.holders &&
         std::any_of(binding.holders->begin(), binding.holders->end(),
                     [pid](const Process& holder) { return holder.id.pid == pid; });
}

void hide_served_connections(std::vector<Binding>& bindings) {
  std::set<Port> taken;
  for (const Binding& binding : bindings) {
    if (takes_stream_port(binding)) {
      taken.insert(binding.endpoint.port);
    }
  }
  std::erase_if(bindings, [&](const Binding& binding) {
    return in_use(binding.state) && is_stream(binding.endpoint.protocol) &&
           taken.contains(binding.endpoint.port);
  });
}

bool takes_stream_port(const Binding& binding) {
  return !in_use(binding.state) && is_stream(binding.endpoint.protocol);
}

void sort_bindings(std::vector<Binding>& bindings, std::uint32_t own_netns) {
  const auto key = [](const Binding& b) {
    return std::tie(b.netns, b.endpoint.port, b.endpoint, b.id);
  };
  std::sort(bindings.begin(), bindings.end(),
            [&](const Binding& a, const Binding& b) {
              const bool a_foreign = a.netns != own_netns;
              const bool b_foreign = b.netns != own_netns;
              return a_foreign != b_foreign ? b_foreign : key(a) < key(b);
            });
}

void merge(Answer& whole, Answer part) {
  for (Missing& gap : part.missing) {
    whole.miss(std::move(gap));
  }
  whole.confidence = std::max(whole.confidence, part.confidence);
  std::move(part.bindings.begin(), part.bindings.end(),
            std::back_inserter(whole.bindings));
}

}  // namespace portwatch
