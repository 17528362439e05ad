// print_json.cpp - the documents of contract.md; the fields are json.h's.
#include <nlohmann/json.hpp>

#include "cli/print.h"
#include "userspace/api/json.h"

namespace portwatch::cli {

std::string print_json(const Answer& answer) { return json_text(answer) + "\n"; }

std::string event_json(const Change& change) { return json_text(change) + "\n"; }

std::string verdict_json(const Verdict& verdict) {
  return json_text(verdict) + "\n";
}

std::string verdict_json(const Verdict& verdict, int tried) {
  nlohmann::json document = nlohmann::json::parse(json_text(verdict));
  document["tried"] = {
      {"errno", tried == 0 ? nlohmann::json() : nlohmann::json(tried)},
      {"error", tried == 0 ? nlohmann::json() : nlohmann::json(error_name(tried))}};
  return dump(document) + "\n";
}

std::string events_json(const EventsAnswer& answer) {
  return json_text(answer) + "\n";
}

std::string status_json(const Status& status, const std::string& socket) {
  nlohmann::json document = to_json(status);
  document["schema"] = kSchema;
  document["up"] = true;
  document["socket"] = socket;
  return dump(document) + "\n";
}

std::string down_json(const std::string& socket, const std::string& reason) {
  const nlohmann::json document = {
      {"schema", kSchema}, {"up", false}, {"socket", socket}, {"reason", reason}};
  return dump(document) + "\n";
}

}  // namespace portwatch::cli
