// json_loop.h - a series of failures, as fields of an event; see json.h.
#pragma once

#include "userspace/api/json_writer.h"
#include "userspace/model/loop.h"

namespace portwatch {

class JsonReader;

void write_loop(JsonWriter& out, const Loop& loop);
void read_loop(JsonReader& in, Loop& loop);

}  // namespace portwatch
