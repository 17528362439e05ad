#include "userspace/api/json_failure.h"

#include "userspace/api/json_binding.h"
#include "userspace/api/json_reader.h"

namespace portwatch {
namespace {

using nlohmann::json;

// What `requested` holds of a failure.
struct Requested {
  Endpoint endpoint;
  std::uint32_t netns = 0;
  std::optional<std::uint64_t> netns_cookie;
};

Result<Requested> requested_from_json(const json& document) {
  JsonReader in(document);
  Requested requested;
  read_endpoint(in, requested.endpoint);
  in.read("netns", requested.netns);
  in.read("netnsCookie", requested.netns_cookie);
  if (in.error()) {
    return *in.error();
  }
  return requested;
}

void write_requested(JsonWriter& out, const BindFailure& failure) {
  out.key("requested");
  out.begin_object();
  write_endpoint(out, failure.requested);
  out.field("netns", failure.netns);
  out.field("netnsCookie", failure.netns_cookie);
  out.end_object();
}

}  // namespace

void write_errno(JsonWriter& out, int number) {
  out.key("errno");
  if (number == 0) {
    out.null();
    out.key("error");
    out.null();
    return;
  }
  out.value(number);
  out.field("error", std::string_view(error_name(number)));
}

void read_errno(JsonReader& in, int& number) {
  std::optional<int> maybe;
  in.read("errno", maybe);
  number = maybe.value_or(0);
}

void write_failure(JsonWriter& out, const BindFailure& failure) {
  out.field("operation", to_string(failure.operation));
  write_errno(out, failure.error);
  write_requested(out, failure);
  write_field(out, "process", failure.process);
  write_field(out, "parents", failure.parents);
  write_field(out, "blockers", failure.blockers);
  out.field("moreBlockers", failure.more_blockers);
  out.field("why", failure.why);
}

void read_failure(JsonReader& in, BindFailure& failure) {
  Requested requested;
  in.word("operation", failure.operation, operation_from);
  read_errno(in, failure.error);
  in.nested("requested", requested, requested_from_json);
  failure.requested = requested.endpoint;
  failure.netns = requested.netns;
  failure.netns_cookie = requested.netns_cookie;
  in.nested("process", failure.process, process_from_json);
  in.list("parents", failure.parents, process_from_json);
  in.list("blockers", failure.blockers, binding_from_json);
  std::optional<std::uint64_t> more;
  in.read("moreBlockers", more);
  failure.more_blockers = more.value_or(0);
  in.read("why", failure.why);
}

}  // namespace portwatch
