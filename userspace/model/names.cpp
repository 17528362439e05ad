// names.cpp - the words of the contract for every enumeration of the model.
#include <array>
#include <optional>
#include <string_view>

#include "userspace/model/answer.h"
#include "userspace/model/binding.h"
#include "userspace/model/change.h"

namespace portwatch {
namespace {

using Words = std::array<std::string_view, 5>;  // unused places stay empty
constexpr Words kStates = {"listening", "bound", "connected", "closing"};
constexpr Words kHeldBy = {"process", "kernel", "inFlight", "nobody"};
constexpr Words kSources = {"ebpf", "sock_diag", "procfs", "libproc", "iphlpapi"};
constexpr Words kConfidences = {"exact", "snapshot", "partial"};
constexpr Words kChanges = {"bind", "listen", "release", "eventsLost", "resynced"};

template <class Enum>
std::string_view word_of(const Words& words, Enum value) {
  return words[static_cast<std::size_t>(value)];
}

template <class Enum>
std::optional<Enum> value_of(const Words& words, std::string_view word) {
  for (std::size_t i = 0; i < words.size() && !word.empty(); ++i) {
    if (words[i] == word) {
      return static_cast<Enum>(i);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(SocketState v) { return word_of(kStates, v); }
std::string_view to_string(HeldBy v) { return word_of(kHeldBy, v); }
std::string_view to_string(Source v) { return word_of(kSources, v); }
std::string_view to_string(Confidence v) { return word_of(kConfidences, v); }
std::string_view to_string(ChangeType v) { return word_of(kChanges, v); }

std::optional<SocketState> state_from(std::string_view w) {
  return value_of<SocketState>(kStates, w);
}
std::optional<HeldBy> held_by_from(std::string_view w) {
  return value_of<HeldBy>(kHeldBy, w);
}
std::optional<Source> source_from(std::string_view w) {
  return value_of<Source>(kSources, w);
}
std::optional<Confidence> confidence_from(std::string_view w) {
  return value_of<Confidence>(kConfidences, w);
}
std::optional<ChangeType> change_type_from(std::string_view w) {
  return value_of<ChangeType>(kChanges, w);
}

}  // namespace portwatch
