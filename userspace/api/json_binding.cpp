#include "userspace/api/json_binding.h"

#include "userspace/api/json.h"
#include "userspace/api/json_process.h"
#include "userspace/api/json_reader.h"

namespace portwatch {
namespace {

using nlohmann::json;

std::optional<Family> family_from(std::string_view name) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    if (to_string(family) == name) {
      return family;
    }
  }
  return std::nullopt;
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
  out.field("uid", binding.uid);
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
  in.read("uid", binding.uid);
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
    write_holder(out, holder);
  }
  out.end_array();
}

}  // namespace

void write_endpoint(JsonWriter& out, const Endpoint& endpoint) {
  out.field("protocol", to_string(endpoint.protocol));
  out.field("family", to_string(endpoint.family));
  out.field("address", address_text(endpoint));
  out.field("port", endpoint.port);
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

void write(JsonWriter& out, const Binding& binding) {
  out.begin_object();
  write_endpoint(out, binding.endpoint);
  write_socket(out, binding);
  write_field(out, "creator", binding.creator);
  write_exit(out, "lastExit", binding.last_exit);
  out.key("heldBy");
  if (binding.held_by) {
    out.value(to_string(*binding.held_by));
  } else {
    out.null();
  }
  write_holders(out, binding);
  out.field("moreHolders", binding.more_holders);
  out.end_object();
}

Result<Binding> binding_from_json(const json& document) {
  JsonReader in(document);
  Binding binding;
  read_endpoint(in, binding.endpoint);
  read_socket(in, binding);
  read_process(in, "creator", binding.creator);
  in.nested("lastExit", binding.last_exit, exit_from_json);
  if (in.find("heldBy") != nullptr) {
    in.word("heldBy", binding.held_by.emplace(), held_by_from);
  }
  in.list("holders", binding.holders, process_from_json);
  in.read("moreHolders", binding.more_holders);
  if (in.error()) {
    return *in.error();
  }
  return binding;
}

std::string json_text(const Binding& binding) {
  JsonWriter out;
  write(out, binding);
  return out.take();
}

Result<Binding> binding_from_text(const std::string& text) {
  const Result<json> document = parse_json(text);
  return document ? binding_from_json(*document)
                  : Result<Binding>(document.error());
}

}  // namespace portwatch
