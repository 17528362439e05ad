// Whatever a daemon says: an error, or a model that can be written and read
// again without a change.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "userspace/api/json.h"
#include "userspace/api/varlink_message.h"

namespace {

using namespace portwatch;

template <class T>
void check_stable(const T& model, Result<T> (*read)(const nlohmann::json&)) {
  const std::string written = json_text(model);
  const Result<T> again = read(nlohmann::json::parse(written));
  if (!again || json_text(*again) != written) {
    std::abort();
  }
}

template <class T>
void try_as(const nlohmann::json& document,
            Result<T> (*read)(const nlohmann::json&)) {
  if (const Result<T> model = read(document)) {
    check_stable(*model, read);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto reply = parse_reply({reinterpret_cast<const char*>(data), size});
  if (!reply) {
    return 0;
  }
  try_as<Answer>(reply->parameters, answer_from_json);
  try_as<Status>(reply->parameters, status_from_json);
  try_as<Verdict>(reply->parameters, verdict_from_json);
  try_as<EventsAnswer>(reply->parameters, events_answer_from_json);
  const auto event = reply->parameters.find("event");
  if (event != reply->parameters.end()) {
    try_as<Change>(*event, change_from_json);
  }
  return 0;
}
