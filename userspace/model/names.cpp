// names.cpp - the words of the contract for every enumeration of the model.
#include <array>
#include <optional>
#include <string_view>

#include "userspace/model/answer.h"
#include "userspace/model/binding.h"
#include "userspace/model/change.h"
#include "userspace/model/verdict.h"

namespace portwatch {
namespace {

using Words = std::array<std::string_view, 21>;  // unused places stay empty
constexpr Words kStates = {"listening", "bound", "connected", "closing"};
constexpr Words kHeldBy = {"process", "kernel", "inFlight", "nobody"};
constexpr Words kSources = {"ebpf", "sock_diag", "procfs", "libproc", "iphlpapi"};
constexpr Words kConfidences = {"exact", "snapshot", "partial"};
constexpr Words kChanges = {
    "bind",         "listen",          "release",     "eventsLost", "resynced",
    "bindFailed",   "bindFailureLoop", "crashLoop",   "loopEnded",  "orphan",
    "ownerChanged", "timeWaitPile",    "portConflict"};
constexpr Words kOperations = {"bind", "listen", "connect"};
constexpr Words kSubjects = {"unit", "container", "program"};
constexpr Words kOutcomes = {"free", "blocked", "unknown"};
constexpr Words kReasons = {
    "listener",  "bound",     "clientPort",     "connection",  "timeWait",
    "orphan",    "inFlight",  "kernel",         "lowPort",     "notLocal",
    "tentative", "exhausted", "denied",         "unsupported", "otherNamespace",
    "published", "reserved",  "ephemeralRange", "shadowed",    "failedBefore",
    "loops"};

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
std::string_view to_string(Operation v) { return word_of(kOperations, v); }
std::string_view to_string(Subject::Kind v) { return word_of(kSubjects, v); }
std::string_view to_string(Answerable v) { return word_of(kOutcomes, v); }
std::string_view to_string(ReasonCode v) { return word_of(kReasons, v); }

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
std::optional<Operation> operation_from(std::string_view w) {
  return value_of<Operation>(kOperations, w);
}
std::optional<Subject::Kind> subject_kind_from(std::string_view w) {
  return value_of<Subject::Kind>(kSubjects, w);
}
std::optional<Answerable> answerable_from(std::string_view w) {
  return value_of<Answerable>(kOutcomes, w);
}
std::optional<ReasonCode> reason_code_from(std::string_view w) {
  return value_of<ReasonCode>(kReasons, w);
}

}  // namespace portwatch
