// judge.h - the kernel's rules over a look of our own, for this process.
#pragma once

#include "userspace/base/clock.h"
#include "userspace/model/answer.h"
#include "userspace/model/verdict.h"

namespace portwatch::cli {

// The request's uid, netns and may_bind_low_ports become those of this process.
// `look` is everything on the request's port. Settings of the namespace that cannot
// be read are a gap of the verdict.
Verdict judge(BindRequest request, const Answer& look, const Clock& clock);

}  // namespace portwatch::cli
