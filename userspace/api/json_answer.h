// json_answer.h - how good an answer is: the first fields of every one.
#pragma once

#include <vector>

#include "userspace/api/json_writer.h"
#include "userspace/model/answer.h"

namespace portwatch {

class JsonReader;

// ["WHAT: WHY", ...]
void write(JsonWriter& out, const std::vector<Missing>& missing);
void read_missing(JsonReader& in, std::vector<Missing>& missing);

// "before", where there is a cursor: only then are there older rows.
void write_before(JsonWriter& out, const std::optional<HistoryCursor>& before);
void read_before(JsonReader& in, std::optional<HistoryCursor>& before);

// schema, source, confidence and missing, as fields of the object that is open.
// `Any` is an Answer, a Verdict or an EventsAnswer.
void write_head(JsonWriter& out, Source source, Confidence confidence,
                const std::vector<Missing>& missing);
void read_head(JsonReader& in, Source& source, Confidence& confidence,
               std::vector<Missing>& missing);
template <class Any>
void write_head(JsonWriter& out, const Any& answer) {
  write_head(out, answer.source, answer.confidence, answer.missing);
}
template <class Any>
void read_head(JsonReader& in, Any& answer) {
  read_head(in, answer.source, answer.confidence, answer.missing);
}

}  // namespace portwatch
