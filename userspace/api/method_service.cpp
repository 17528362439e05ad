// method_service.cpp - org.varlink.service: what this server is and speaks.
#include <array>

#include "userspace/api/idl.h"
#include "userspace/api/json_writer.h"
#include "userspace/api/methods.h"
#include "userspace/api/parameters.h"

namespace portwatch {
namespace {

struct Interface {
  std::string_view name;
  std::string_view description;
};

const std::array kInterfaces = {
    Interface{"io.portwatch", kPortwatchIdl},
    Interface{"org.varlink.service", kServiceIdl},
};

}  // namespace

MethodOutcome method_get_info(const VarlinkCall& call, const MethodContext&) {
  const Parameters in(call.parameters, {});
  if (!in.fault().empty()) {
    return {in.fault(), {}};
  }
  JsonWriter out;
  out.begin_object();
  out.field("vendor", std::string_view("portwatch"));
  out.field("product", std::string_view("portwatchd"));
  out.field("version", std::string_view(PORTWATCH_VERSION));
  out.field("url", std::string_view(""));  // the standard demands the field
  out.key("interfaces");
  out.begin_array();
  for (const Interface& interface : kInterfaces) {
    out.value(interface.name);
  }
  out.end_array();
  out.end_object();
  return {reply_message(out.take()), {}};
}

MethodOutcome method_get_interface_description(const VarlinkCall& call,
                                               const MethodContext&) {
  Parameters in(call.parameters, {"interface"});
  const auto name = in.get<std::string>("interface");
  if (!name) {
    in.reject("interface");
  }
  if (!in.fault().empty()) {
    return {in.fault(), {}};
  }
  for (const Interface& interface : kInterfaces) {
    if (interface.name == *name) {
      JsonWriter out;
      out.begin_object();
      out.field("description", interface.description);
      out.end_object();
      return {reply_message(out.take()), {}};
    }
  }
  return {error_message(varlink_error::kInterfaceNotFound, {{"interface", *name}}),
          {}};
}

}  // namespace portwatch
