// json.h - the model as the JSON of contract.md, and back.
//
// The one place that knows the field names. Writing never fails: bytes that are
// not UTF-8 (a process may call itself anything) become U+FFFD. Reading is for
// the client: it accepts unknown fields and returns an error that names the
// field that is missing or of the wrong type.
//
// What does not survive the way there and back: ProcessId::start_ticks. The
// contract has startTime only, and ticks cannot be computed from it exactly, so
// reading leaves start_ticks 0. An inode 0 (a socket without one) is null.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "userspace/base/result.h"
#include "userspace/model/answer.h"
#include "userspace/model/change.h"
#include "userspace/model/history.h"
#include "userspace/model/status.h"
#include "userspace/model/verdict.h"

namespace portwatch {

inline constexpr const char* kSchema = "portwatch/1";

// One line, no newline at the end, the fields in the contract's order.
std::string json_text(const Answer& answer);
std::string json_text(const Change& change);  // an Event of the contract
std::string json_text(const Status& status);
std::string json_text(const Verdict& verdict);
std::string json_text(const EventsAnswer& answer);
std::string json_text(const Binding& binding);  // for the history
std::string json_text(const ProcessEnd& end);   // the same

// The same as a document, for who wants to add to it. Costs a parse.
nlohmann::json to_json(const Answer& answer);
nlohmann::json to_json(const Change& change);
nlohmann::json to_json(const Status& status);

Result<Answer> answer_from_json(const nlohmann::json& document);
// Error not_supported: an event type that this version does not know.
Result<Change> change_from_json(const nlohmann::json& document);
Result<Status> status_from_json(const nlohmann::json& document);
Result<Verdict> verdict_from_json(const nlohmann::json& document);
Result<EventsAnswer> events_answer_from_json(const nlohmann::json& document);
// As text of json_text(Binding). Error: invalid.
Result<Binding> binding_from_text(const std::string& text);
// As text of json_text(ProcessEnd); without the time. Error: invalid.
Result<ProcessEnd> process_end_from_text(const std::string& text);
// As text of json_text(Change). Errors as change_from_json().
Result<Change> change_from_text(const std::string& text);

// One line, no newline at the end; bytes that are not UTF-8 become U+FFFD.
std::string dump(const nlohmann::json& document);

}  // namespace portwatch
