// verdict.h - the exit code of `who`, from the answer alone.
#pragma once

#include <string_view>
#include <vector>

#include "userspace/model/answer.h"

namespace portwatch::cli {

// True when the port is taken and by whom is not known: no holder is named and
// it is not known to be the kernel, a message in flight or nobody.
bool is_hidden(const Binding& binding);

// True when something is missing whose `what` starts so: "sockets" (then a port
// that seems free may be taken), "holders"... as in model/answer.h.
bool has_gap(const Answer& answer, std::string_view what);

// True when some binding of the answer is on that port.
bool is_taken(const Answer& answer, const PortSpec& port);

// kCannotKnow when a holder is hidden, or when a port seems free but sockets
// may be missing; else kYes when any port is taken, kNo when none is.
int verdict(const Answer& answer, const std::vector<PortSpec>& ports);

// Of a question for the past that found `count`: kYes, kNo, or kCannotKnow when
// nothing was found but something is missing.
int past_verdict(std::size_t count, const std::vector<Missing>& missing);

}  // namespace portwatch::cli
