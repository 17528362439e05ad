#include "userspace/api/json.h"
#include "userspace/api/json_answer.h"
#include "userspace/api/json_binding.h"
#include "userspace/api/json_failure.h"
#include "userspace/api/json_reader.h"

namespace portwatch {
namespace {

using nlohmann::json;

void write_request(JsonWriter& out, const BindRequest& request) {
  out.key("request");
  out.begin_object();
  write_endpoint(out, request.endpoint);
  out.field("netns", request.netns);
  out.field("reuseAddr", request.reuse_addr);
  out.field("reusePort", request.reuse_port);
  out.field("ipv6Only", request.ipv6_only);
  out.field("listens", request.listens);
  out.field("interface", request.interface_index == 0
                             ? std::nullopt
                             : std::optional(request.interface_index));
  out.end_object();
}

Result<BindRequest> request_from_json(const json& document) {
  JsonReader in(document);
  BindRequest request;
  read_endpoint(in, request.endpoint);
  in.read("netns", request.netns);
  in.read("reuseAddr", request.reuse_addr);
  in.read("reusePort", request.reuse_port);
  in.read("ipv6Only", request.ipv6_only);
  in.read("listens", request.listens);
  std::optional<std::uint32_t> interface;
  in.read("interface", interface);
  request.interface_index = interface.value_or(0);
  if (in.error()) {
    return *in.error();
  }
  return request;
}

void write_remedies(JsonWriter& out, const std::vector<Remedy>& remedies) {
  out.key("remedies");
  out.begin_array();
  for (const Remedy& remedy : remedies) {
    out.begin_object();
    out.field("text", remedy.text);
    out.field("command", remedy.command);
    out.end_object();
  }
  out.end_array();
}

Result<Remedy> remedy_from_json(const json& document) {
  JsonReader in(document);
  Remedy remedy;
  in.read("text", remedy.text);
  in.read("command", remedy.command);
  if (in.error()) {
    return *in.error();
  }
  return remedy;
}

void write_reason(JsonWriter& out, const Reason& reason) {
  out.begin_object();
  out.field("code", to_string(reason.code));
  out.field("blocks", reason.blocks);
  write_errno(out, reason.error);
  out.field("text", reason.text);
  write_field(out, "bindings", reason.bindings);
  write_remedies(out, reason.remedies);
  out.end_object();
}

Result<Reason> reason_from_json(const json& document) {
  JsonReader in(document);
  Reason reason;
  in.word("code", reason.code, reason_code_from);
  in.read("blocks", reason.blocks);
  read_errno(in, reason.error);
  in.read("text", reason.text);
  in.list("bindings", reason.bindings, binding_from_json);
  in.list("remedies", reason.remedies, remedy_from_json);
  if (in.error()) {
    return *in.error();
  }
  return reason;
}

}  // namespace

std::string json_text(const Verdict& verdict) {
  JsonWriter out;
  out.begin_object();
  write_head(out, verdict);
  out.field("outcome", to_string(verdict.outcome));
  write_errno(out, verdict.error);
  write_request(out, verdict.request);
  out.key("reasons");
  out.begin_array();
  for (const Reason& reason : verdict.reasons) {
    write_reason(out, reason);
  }
  out.end_array();
  out.end_object();
  return out.take();
}

Result<Verdict> verdict_from_json(const json& document) {
  JsonReader in(document);
  Verdict verdict;
  read_head(in, verdict);
  in.word("outcome", verdict.outcome, answerable_from);
  read_errno(in, verdict.error);
  in.nested("request", verdict.request, request_from_json);
  in.list("reasons", verdict.reasons, reason_from_json);
  if (in.error()) {
    return *in.error();
  }
  return verdict;
}

}  // namespace portwatch
