// json_change.h - an event within an answer; see json.h.
#pragma once

#include "userspace/api/json_writer.h"
#include "userspace/model/change.h"

namespace portwatch {

void write(JsonWriter& out, const Change& change);

}  // namespace portwatch
