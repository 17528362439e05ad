// verdict.h - the exit code of `who`, from the answer alone.
#pragma once

#include <vector>

#include "userspace/model/answer.h"

namespace portwatch::cli {

// True when the port is taken and by whom is not known: no holder is named and
// it is not known to be the kernel, a message in flight or nobody.
bool is_hidden(const Binding& binding);

// True when bindings of the asker's own namespace may be missing.
bool may_lack_sockets(const Answer& answer);

// True when some binding of the answer is on that port.
bool is_taken(const Answer& answer, const PortSpec& port);

// kCannotKnow when a holder is hidden, or when a port seems free but sockets
// may be missing; else kYes when any port is taken, kNo when none is.
int verdict(const Answer& answer, const std::vector<PortSpec>& ports);

}  // namespace portwatch::cli
