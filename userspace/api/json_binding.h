// json_binding.h - the part that answers and events share; see json.h.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "userspace/api/json_writer.h"
#include "userspace/base/result.h"
#include "userspace/model/answer.h"
#include "userspace/model/binding.h"

namespace portwatch {

void write(JsonWriter& out, const Binding& binding);
Result<Binding> binding_from_json(const nlohmann::json& document);

// ["WHAT: WHY", ...]
void write(JsonWriter& out, const std::vector<Missing>& missing);
// Splits at the first ": "; a text without one is all `what`.
Missing missing_from_text(const std::string& text);

}  // namespace portwatch
