#include "userspace/model/alert_text.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace portwatch {
namespace {

// "nginx (pid 12)"; "" when nothing is known.
std::string who(const Process& process) {
  std::string name = process.name.value_or("");
  if (process.id.pid != 0) {
    name += (name.empty() ? "" : " ") + ("(pid " + std::to_string(process.id.pid)) +
            ")";
  }
  return name;
}

// Null: not known.
std::string who(const Process* process) {
  const std::string text = process != nullptr ? who(*process) : "";
  return text.empty() ? "an unknown process" : text;
}

std::string who(const SharedProcess& process) { return who(process.get()); }

// Of a binding, the process to be named: who holds it now, else who took it.
std::string owner(const Binding& binding) {
  if (binding.holders && !binding.holders->empty()) {
    const std::size_t others = binding.holders->size() - 1;
    return who(binding.holders->front()) +
           (others == 0 ? "" : " and " + std::to_string(others) + " more");
  }
  if (binding.creator) {
    return who(*binding.creator);
  }
  if (binding.held_by && *binding.held_by != HeldBy::process) {
    return *binding.held_by == HeldBy::kernel ? "the kernel"
           : *binding.held_by == HeldBy::in_flight
               ? "a descriptor that nobody has received yet"
               : "closing connections";
  }
  return "";
}

std::string held_text(const std::optional<std::vector<Binding>>& blockers) {
  std::vector<std::string> owners;
  for (const Binding& binding : blockers.value_or(std::vector<Binding>{})) {
    std::string text = owner(binding);
    if (!text.empty() &&
        std::find(owners.begin(), owners.end(), text) == owners.end()) {
      owners.push_back(std::move(text));
    }
  }
  std::string held;
  for (std::size_t i = 0; i < owners.size() && i < 3; ++i) {
    held += (i == 0 ? "; held by " : ", ") + owners[i];
  }
  return held + (owners.size() > 3 ? ", ..." : "");
}

std::string count_text(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// "1h", "90s", "30d".
std::string span_text(std::chrono::seconds span) {
  static constexpr std::pair<std::int64_t, const char*> kUnits[] = {
      {86400, "d"}, {3600, "h"}, {60, "m"}};
  for (const auto& [seconds, unit] : kUnits) {
    if (span.count() >= seconds && span.count() % seconds == 0) {
      return std::to_string(span.count() / seconds) + unit;
    }
  }
  return std::to_string(span.count()) + "s";
}

std::string port_text(const Loop& loop) {
  return "port " + std::to_string(loop.port) + "/" +
         std::string(to_string(loop.protocol));
}

std::string failure_text(const BindFailure& failure) {
  const std::string held = held_text(failure.blockers);
  const std::string why = held.empty() && failure.why ? "; " + *failure.why : held;
  return std::string(to_string(failure.operation)) + " of " +
         place_text(failure.requested) + " by " + who(failure.process) +
         " failed: " + error_name(failure.error) + why;
}

std::string failure_loop_text(const Loop& loop) {
  return loop.subject.name + " fails again and again to take " + port_text(loop) +
         ": " + count_text(loop.count, "time") + " in " + span_text(loop.window) +
         ", " + loop.cause + held_text(loop.blockers);
}

std::string crash_loop_text(const Loop& loop) {
  return loop.subject.name + " is in a crash loop on " + port_text(loop) + ": " +
         count_text(loop.count, "death") + " in " + span_text(loop.window) + ", " +
         loop.cause + held_text(loop.blockers);
}

std::string loop_text(ChangeType type, const Loop& loop) {
  switch (type) {
    case ChangeType::bind_failure_loop:
      return failure_loop_text(loop);
    case ChangeType::crash_loop:
      return crash_loop_text(loop);
    default:
      return "the loop of " + loop.subject.name + " on " + port_text(loop) +
             " is over";
  }
}

std::string of_owner(const Binding& binding) {
  const std::string text = owner(binding);
  return text.empty() ? "" : " of " + text;
}

std::string binding_text(const Change& change, const Binding& binding) {
  const std::string place = place_text(binding.endpoint);
  switch (change.type) {
    case ChangeType::bind:
      return who(binding.creator) + " took " + place;
    case ChangeType::listen:
      return who(binding.creator) + " listens on " + place;
    case ChangeType::release:
      return place + of_owner(binding) + " was released";
    case ChangeType::orphan:
      return place + " is held by " + who(change.process) + ", whose owner " +
             who(change.previous) + " died";
    case ChangeType::owner_changed:
      return place + " went from " + who(change.previous) + " to " +
             who(binding.creator);
    case ChangeType::time_wait_pile:
      return count_text(change.count, "closing connection") + " on " + place;
    default: {
      const std::string text = owner(binding);
      return place + " is wanted, but held by " +
             (text.empty() ? "an unknown process" : text);
    }
  }
}

std::string sentence(const Change& change) {
  if (change.type == ChangeType::events_lost) {
    return count_text(change.count, "event") +
           (change.count == 1 ? " was" : " were") + " lost";
  }
  if (change.type == ChangeType::resynced) {
    return "the table was compared with the kernel's picture: " +
           count_text(change.repairs, "repair");
  }
  if (change.failure) {
    return failure_text(*change.failure);
  }
  if (change.loop) {
    return loop_text(change.type, *change.loop);
  }
  return change.binding ? binding_text(change, *change.binding)
                        : std::string(to_string(change.type));
}

}  // namespace

std::string place_text(const Endpoint& endpoint) {
  return endpoint_text(endpoint) + "/" + std::string(to_string(endpoint.protocol));
}

std::string legible(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    c = byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return out;
}

std::string alert_text(const Change& change) { return legible(sentence(change)); }

}  // namespace portwatch
