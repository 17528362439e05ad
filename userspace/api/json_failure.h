// json_failure.h - a refused bind, as fields of an event; see json.h.
#pragma once

#include "userspace/api/json_writer.h"
#include "userspace/model/bind_failure.h"

namespace portwatch {

class JsonReader;

void write_failure(JsonWriter& out, const BindFailure& failure);
void read_failure(JsonReader& in, BindFailure& failure);

// errno and its name, as fields of the object that is open; 0 is null.
void write_errno(JsonWriter& out, int number);
// The name is not read: it follows from the number.
void read_errno(JsonReader& in, int& number);

}  // namespace portwatch
