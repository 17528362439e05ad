#include "userspace/api/json_loop.h"

#include "userspace/api/json.h"
#include "userspace/api/json_binding.h"
#include "userspace/api/json_process.h"
#include "userspace/api/json_reader.h"

namespace portwatch {
namespace {

using nlohmann::json;

void write_subject(JsonWriter& out, const Subject& subject) {
  out.key("subject");
  out.begin_object();
  out.field("kind", to_string(subject.kind));
  out.field("name", subject.name);
  out.field("uid", subject.uid);
  out.field("user", subject.user);
  out.end_object();
}

Result<Subject> subject_from_json(const json& document) {
  JsonReader in(document);
  Subject subject;
  in.word("kind", subject.kind, subject_kind_from);
  in.read("name", subject.name);
  in.read("uid", subject.uid);
  in.read("user", subject.user);
  if (in.error()) {
    return *in.error();
  }
  return subject;
}

}  // namespace

void write_loop(JsonWriter& out, const Loop& loop) {
  write_subject(out, loop.subject);
  out.field("protocol", to_string(loop.protocol));
  out.field("port", loop.port);
  out.field("netns", loop.netns);
  out.field("netnsCookie", loop.netns_cookie);
  out.field("count", loop.count);
  out.field("window", loop.window);
  out.field("first", loop.first);
  out.field("last", loop.last);
  out.field("cause", loop.cause);
  write_field(out, "blockers", loop.blockers);
  write_exit(out, "lastExit", loop.last_exit);
  write_field(out, "process", loop.last_process);
  if (loop.active) {
    out.field("active", true);
  }
}

void read_loop(JsonReader& in, Loop& loop) {
  in.nested("subject", loop.subject, subject_from_json);
  in.word("protocol", loop.protocol, protocol_from);
  in.read("port", loop.port);
  in.read("netns", loop.netns);
  in.read("netnsCookie", loop.netns_cookie);
  in.read("count", loop.count);
  in.read("window", loop.window);
  in.read("first", loop.first);
  in.read("last", loop.last);
  in.read("cause", loop.cause);
  in.list("blockers", loop.blockers, binding_from_json);
  in.nested("lastExit", loop.last_exit, exit_from_json);
  read_process(in, "process", loop.last_process);
  std::optional<bool> active;
  in.read("active", active);
  loop.active = active.value_or(false);
}

std::string json_text(const ProcessEnd& end) {
  JsonWriter out;
  out.begin_object();
  write_field(out, "process", end.process);
  write_exit(out, "exit", end.status);
  out.end_object();
  return out.take();
}

Result<ProcessEnd> process_end_from_text(const std::string& text) {
  const Result<json> document = parse_json(text);
  if (!document) {
    return document.error();
  }
  JsonReader in(*document);
  ProcessEnd end;
  in.nested("process", end.process, process_from_json);
  in.nested("exit", end.status, exit_from_json);
  if (in.error()) {
    return *in.error();
  }
  return end;
}

}  // namespace portwatch
