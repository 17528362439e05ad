// alert_fields.h - a change as names and values: environment and journal.
//
// The names are documented in portwatchd.toml(5). What is not known has no field.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "userspace/model/change.h"

namespace portwatch {

using AlertFields = std::vector<std::pair<std::string, std::string>>;

// PORTWATCH_EVENT, PORTWATCH_TEXT, PORTWATCH_PORT... A value is at most 4 KiB and
// has no NUL byte; otherwise it is as the process gave it.
AlertFields alert_fields(const Change& change);

// The environment of a hook, "NAME=value": those fields and a PATH of the system's
// directories; nothing of the daemon's own environment.
std::vector<std::string> hook_environment(const Change& change);

}  // namespace portwatch
