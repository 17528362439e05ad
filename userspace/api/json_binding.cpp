#include "userspace/api/json_binding.h"

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

Result<Process> process_from_json(const json& document) {
  JsonReader in(document);
  Process process;
  in.read("pid", process.id.pid);
  in.read("startTime", process.start_time);
  in.read("name", process.name);
  in.read("exe", process.exe);
  in.read("cmdline", process.cmdline);
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

void write_endpoint(JsonWriter& out, const Endpoint& endpoint) {
  out.field("protocol", to_string(endpoint.protocol));
  out.field("family", to_string(endpoint.family));
  out.field("address", address_text(endpoint));
  out.field("port", endpoint.port);
}

std::optional<Family> family_from(std::string_view name) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    if (to_string(family) == name) {
      return family;
    }
  }
  return std::nullopt;
}

void read_endpoint(JsonReader& in, Endpoint& endpoint) {
  std::string address;
  in.word("protocol", endpoint.protocol, protocol_from);
  in.word("family", endpoint.family, family_from);
  in.read("address", address);
  in.read("port", endpoint.port);
  const Result<AddressBytes> bytes = parse_address(endpoint.family, address);
  if (bytes) {
    endpoint.address = *bytes;
  } else {
    in.reject("address", bytes.error().context);
  }
}

void write_socket(JsonWriter& out, const Binding& binding) {
  out.field("state", to_string(binding.state));
  out.field("id", binding.id);
  out.key("inode");
  if (binding.inode == 0) {
    out.null();
  } else {
    out.value(binding.inode);
  }
  out.field("netns", binding.netns);
  out.field("netnsCookie", binding.netns_cookie);
  out.field("netnsName", binding.netns_name);
  out.field("ipv6Only", binding.ipv6_only);
  out.field("reuseAddr", binding.reuse_addr);
  out.field("reusePort", binding.reuse_port);
  out.field("interface", binding.interface);
  out.field("since", binding.since);
  out.field("until", binding.until);
  out.field("remainingMs", binding.remaining);
}

void read_socket(JsonReader& in, Binding& binding) {
  std::optional<std::uint64_t> inode;
  in.word("state", binding.state, state_from);
  in.read("id", binding.id);
  in.read("inode", inode);
  binding.inode = inode.value_or(0);
  in.read("netns", binding.netns);
  in.read("netnsCookie", binding.netns_cookie);
  in.read("netnsName", binding.netns_name);
  in.read("ipv6Only", binding.ipv6_only);
  in.read("reuseAddr", binding.reuse_addr);
  in.read("reusePort", binding.reuse_port);
  in.read("interface", binding.interface);
  in.read("since", binding.since);
  in.read("until", binding.until);
  in.read("remainingMs", binding.remaining);
}

void write_holders(JsonWriter& out, const Binding& binding) {
  out.key("holders");
  if (!binding.holders) {
    out.null();
    return;
  }
  out.begin_array();
  for (const Process& holder : *binding.holders) {
    write_process(out, holder, true);
  }
  out.end_array();
}

}  // namespace

void write(JsonWriter& out, const Binding& binding) {
  out.begin_object();
  write_endpoint(out, binding.endpoint);
  write_socket(out, binding);
  out.key("creator");
  if (binding.creator) {
    write_process(out, *binding.creator, false);
  } else {
    out.null();
  }
  out.key("heldBy");
  if (binding.held_by) {
    out.value(to_string(*binding.held_by));
  } else {
    out.null();
  }
  write_holders(out, binding);
  out.end_object();
}

Result<Binding> binding_from_json(const json& document) {
  JsonReader in(document);
  Binding binding;
  read_endpoint(in, binding.endpoint);
  read_socket(in, binding);
  in.nested("creator", binding.creator, process_from_json);
  if (in.find("heldBy") != nullptr) {
    in.word("heldBy", binding.held_by.emplace(), held_by_from);
  }
  if (in.find("holders") != nullptr) {
    in.list("holders", binding.holders.emplace(), process_from_json);
  }
  if (in.error()) {
    return *in.error();
  }
  return binding;
}

void write(JsonWriter& out, const std::vector<Missing>& missing) {
  out.begin_array();
  for (const Missing& gap : missing) {
    out.value(to_string(gap));
  }
  out.end_array();
}

Missing missing_from_text(const std::string& text) {
  const auto colon = text.find(": ");
  if (colon == std::string::npos) {
    return {text, ""};
  }
  return {text.substr(0, colon), text.substr(colon + 2)};
}

}  // namespace portwatch
