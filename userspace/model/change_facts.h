// change_facts.h - the same questions to every type of change: who, where, what.
//
// For those who narrow and forward changes without telling their types apart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "userspace/model/change.h"

namespace portwatch {

// The process that it is about: the one that failed, died last, lost its owner, or
// took the port. nullptr: none, or not known. Points into `change`, as all here.
const Process* process_of(const Change& change);
// That one, and everybody else on its side: those who hold the binding. Not who
// stands in the way.
std::vector<const Process*> processes_of(const Change& change);
// What restarts, or would: the loop's subject, else that of the process.
std::optional<Subject> subject_of(const Change& change);
std::optional<Protocol> protocol_of(const Change& change);
// Empty for a loop: it has a port, and no address.
std::optional<Endpoint> endpoint_of(const Change& change);
std::uint32_t netns_of(const Change& change);  // 0: not known
// What stood in the way. nullptr: not looked at, or not that kind of change.
const std::vector<Binding>* blockers_of(const Change& change);

}  // namespace portwatch
