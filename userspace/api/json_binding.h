// json_binding.h - the part that answers and events share; see json.h.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "userspace/api/json_process.h"
#include "userspace/api/json_writer.h"
#include "userspace/base/result.h"
#include "userspace/model/binding.h"

namespace portwatch {

class JsonReader;

void write(JsonWriter& out, const Binding& binding);
Result<Binding> binding_from_json(const nlohmann::json& document);

// protocol, family, address and port, as fields of the object that is open.
void write_endpoint(JsonWriter& out, const Endpoint& endpoint);
void read_endpoint(JsonReader& in, Endpoint& endpoint);

}  // namespace portwatch
