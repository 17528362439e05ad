// print_doctor_json.cpp - the document of `doctor --json`, see portwatch(1).
#include <nlohmann/json.hpp>

#include "cli/print_doctor.h"
#include "cli/verdict.h"
#include "userspace/api/json.h"

namespace portwatch::cli {
namespace {

using nlohmann::json;

json document_of(const std::vector<Binding>& bindings) {
  Answer answer;
  answer.bindings = bindings;
  return to_json(answer)["bindings"];
}

json document_of(const std::vector<Change>& events) {
  json list = json::array();
  for (const Change& event : events) {
    list.push_back(to_json(event));
  }
  return list;
}

json document_of(const DoctorFacts& facts, const PortSpec& port) {
  const std::vector<Binding> found = sockets_on(facts, port);
  std::string_view state = has_gap(facts.sockets, "sockets") ? "unknown" : "free";
  if (!found.empty()) {
    state = to_string(found.front().state);
  }
  return {{"port", port.port},
          {"protocol", port.protocol ? json(to_string(*port.protocol)) : json()},
          {"state", state},
          {"bindings", document_of(found)}};
}

json document_of(const Finding& finding) {
  json remedies = json::array();
  for (const Remedy& remedy : finding.remedies) {
    remedies.push_back(
        {{"text", remedy.text},
         {"command", remedy.command ? json(*remedy.command) : json()}});
  }
  return {
      {"code", finding.code},
      {"note", finding.note},
      {"port", finding.port ? json(*finding.port) : json()},
      {"protocol", finding.protocol ? json(to_string(*finding.protocol)) : json()},
      {"netns", finding.netns != 0 ? json(finding.netns) : json()},
      {"netnsName", finding.netns_name ? json(*finding.netns_name) : json()},
      {"text", finding.text},
      {"evidence", finding.evidence},
      {"remedies", remedies},
      {"events", document_of(finding.events)},
      {"bindings", document_of(finding.bindings)}};
}

}  // namespace

std::string doctor_json(const DoctorFacts& facts,
                        const std::vector<Finding>& findings) {
  const std::vector<Missing> gaps = doctor_gaps(facts);
  json missing = json::array();
  for (const Missing& gap : gaps) {
    missing.push_back(to_string(gap));
  }
  json ports = json::array();
  for (const PortSpec& port : facts.ports) {
    ports.push_back(document_of(facts, port));
  }
  json found = json::array();
  for (const Finding& finding : findings) {
    found.push_back(document_of(finding));
  }
  const Confidence confidence =
      gaps.empty() ? facts.sockets.confidence : Confidence::partial;
  return dump({{"schema", kSchema},
               {"source", to_string(facts.sockets.source)},
               {"confidence", to_string(confidence)},
               {"missing", missing},
               {"ports", ports},
               {"findings", found}}) +
         "\n";
}

}  // namespace portwatch::cli
