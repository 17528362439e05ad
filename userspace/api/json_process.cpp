#include "userspace/api/json_process.h"

#include "userspace/api/json_reader.h"

namespace portwatch {
namespace {

using nlohmann::json;

void write_published(JsonWriter& out, const std::optional<PublishedPort>& maybe) {
  out.key("publishes");
  if (!maybe) {
    out.null();
    return;
  }
  out.begin_object();
  out.field("container", maybe->container);
  out.field("containerName", maybe->container_name);
  out.field("address", maybe->address);
  out.field("port", maybe->port);
  out.end_object();
}

Result<PublishedPort> published_from_json(const json& document) {
  JsonReader in(document);
  PublishedPort published;
  in.read("container", published.container);
  in.read("containerName", published.container_name);
  in.read("address", published.address);
  in.read("port", published.port);
  if (in.error()) {
    return *in.error();
  }
  return published;
}

void write_process(JsonWriter& out, const Process& process, bool is_holder) {
  out.begin_object();
  out.field("pid", process.id.pid);
  out.field("startTime", process.start_time);
  out.field("name", process.name);
  out.field("exe", process.exe);
  out.field("cmdline", process.cmdline);
  out.field("cmdlineCut", process.cmdline_cut);
  out.field("uid", process.uid);
  out.field("user", process.user);
  out.field("ppid", process.ppid);
  out.field("nsPid", process.ns_pid);
  out.field("cgroup", process.cgroup);
  out.field("unit", process.unit);
  out.field("container", process.container);
  out.field("containerName", process.container_name);
  write_published(out, process.publishes);
  out.field("orphan", process.orphan);
  if (is_holder) {
    out.field("fds", process.fds);
  }
  out.end_object();
}

}  // namespace

void write(JsonWriter& out, const Process& process) {
  write_process(out, process, false);
}

void write_holder(JsonWriter& out, const Process& process) {
  write_process(out, process, true);
}

Result<Process> process_from_json(const json& document) {
  JsonReader in(document);
  Process process;
  in.read("pid", process.id.pid);
  in.read("startTime", process.start_time);
  in.read("name", process.name);
  in.read("exe", process.exe);
  in.read("cmdline", process.cmdline);
  in.read("cmdlineCut", process.cmdline_cut);
  in.read("uid", process.uid);
  in.read("user", process.user);
  in.read("ppid", process.ppid);
  in.read("nsPid", process.ns_pid);
  in.read("cgroup", process.cgroup);
  in.read("unit", process.unit);
  in.read("container", process.container);
  in.read("containerName", process.container_name);
  in.nested("publishes", process.publishes, published_from_json);
  in.read("orphan", process.orphan);
  in.read("fds", process.fds);
  if (in.error()) {
    return *in.error();
  }
  return process;
}

void read_process(JsonReader& in, const char* name, SharedProcess& out) {
  std::optional<Process> process;
  in.nested(name, process, process_from_json);
  if (process) {
    out = *std::move(process);
  }
}

void write_exit(JsonWriter& out, std::string_view name,
                const std::optional<ExitStatus>& maybe) {
  out.key(name);
  if (!maybe) {
    out.null();
    return;
  }
  out.begin_object();
  out.field("code", maybe->code);
  out.key("signal");
  if (maybe->signal) {
    out.value(std::string_view(signal_name(*maybe->signal)));
  } else {
    out.null();
  }
  out.field("coreDumped", maybe->core_dumped);
  out.end_object();
}

Result<ExitStatus> exit_from_json(const nlohmann::json& document) {
  JsonReader in(document);
  ExitStatus status;
  in.read("code", status.code);
  if (in.find("signal") != nullptr) {
    in.word("signal", status.signal.emplace(), signal_from);
  }
  in.read("coreDumped", status.core_dumped);
  if (in.error()) {
    return *in.error();
  }
  return status;
}

}  // namespace portwatch
