#include "cli/verdict.h"

#include <algorithm>

#include "cli/exit_code.h"

namespace portwatch::cli {

bool is_hidden(const Binding& binding) {
  const bool named = binding.holders && !binding.holders->empty();
  return !named && (!binding.held_by || *binding.held_by == HeldBy::process);
}

bool has_gap(const Answer& answer, std::string_view what) {
  return std::any_of(
      answer.missing.begin(), answer.missing.end(),
      [&](const Missing& missing) { return missing.what.rfind(what, 0) == 0; });
}

bool is_taken(const Answer& answer, const PortSpec& port) {
  return std::any_of(answer.bindings.begin(), answer.bindings.end(),
                     [&](const Binding& binding) {
                       return binding.endpoint.port == port.port &&
                              (!port.protocol ||
                               covers(*port.protocol, binding.endpoint.protocol));
                     });
}

int verdict(const Answer& answer, const std::vector<PortSpec>& ports) {
  const auto taken = [&](const PortSpec& port) { return is_taken(answer, port); };
  if (std::any_of(answer.bindings.begin(), answer.bindings.end(), is_hidden)) {
    return kCannotKnow;
  }
  if (has_gap(answer, "sockets") &&
      !std::all_of(ports.begin(), ports.end(), taken)) {
    return kCannotKnow;
  }
  return std::any_of(ports.begin(), ports.end(), taken) ? kYes : kNo;
}

int past_verdict(std::size_t count, const std::vector<Missing>& missing) {
  if (count > 0) {
    return kYes;
  }
  // Other namespaces and other parts of the host are not what was asked for.
  const bool complete =
      std::all_of(missing.begin(), missing.end(), [](const Missing& gap) {
        return gap.what.rfind("namespaces", 0) == 0 ||
               gap.what.rfind("scope", 0) == 0;
      });
  return complete ? kNo : kCannotKnow;
}

}  // namespace portwatch::cli
