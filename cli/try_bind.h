// try_bind.h - asks the kernel by doing it: a real bind, closed at once.
#pragma once

#include "userspace/base/result.h"
#include "userspace/model/verdict.h"

namespace portwatch::cli {

// In the network namespace and with the rights of the process that calls; listens
// too where the request says so and the protocol can. Nothing is accepted: a client
// that connects in this instant is reset.
// The errno of bind(2) or listen(2), 0 when both succeed. Error: no such socket can
// be made or set up here.
Result<int> try_bind(const BindRequest& request);

}  // namespace portwatch::cli
