// alert_text.h - a change as one sentence, for people: journal, log, `watch`.
#pragma once

#include <string>
#include <string_view>

#include "userspace/model/change.h"

namespace portwatch {

// Without a full stop, on one line, whatever a process calls itself:
// "bind of 0.0.0.0:80/tcp by nginx (pid 12) failed: EADDRINUSE; held by python3
// (pid 3)". Names of containers and users are left to those who may know them.
std::string alert_text(const Change& change);

// "0.0.0.0:80/tcp".
std::string place_text(const Endpoint& endpoint);

// Control characters (C0, DEL) become '?': what a process says about itself is
// written to logs and terminals.
std::string legible(std::string_view text);

}  // namespace portwatch
