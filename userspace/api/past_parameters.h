// past_parameters.h - what Failures, Loops and History may be asked.
#pragma once

#include "userspace/api/parameters.h"
#include "userspace/model/history.h"

namespace portwatch {

// port, protocol, netns, since, until, limit, before.
HistoryQuestion read_past(Parameters& in);

}  // namespace portwatch
