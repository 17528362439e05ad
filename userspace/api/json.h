// json.h - the model as the JSON of contract.md, and back.
//
// The one place that knows the field names. Writing never fails. Reading is for
// the client: it accepts unknown fields and returns an error that names the
// field that is missing or of the wrong type.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "userspace/base/result.h"
#include "userspace/model/answer.h"
#include "userspace/model/change.h"
#include "userspace/model/status.h"

namespace portwatch {

inline constexpr const char* kSchema = "portwatch/1";

nlohmann::json to_json(const Answer& answer);
nlohmann::json to_json(const Change& change);  // an Event of the contract
nlohmann::json to_json(const Status& status);

Result<Answer> answer_from_json(const nlohmann::json& document);
Result<Change> change_from_json(const nlohmann::json& document);
Result<Status> status_from_json(const nlohmann::json& document);

// One line, no newline at the end; bytes that are not UTF-8 (a process may
// call itself anything) become U+FFFD.
std::string dump(const nlohmann::json& document);

}  // namespace portwatch
