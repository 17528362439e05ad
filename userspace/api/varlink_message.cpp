#include "userspace/api/varlink_message.h"

#include <optional>

#include "userspace/api/json.h"

namespace portwatch {
namespace {

using nlohmann::json;

// Counts brackets outside strings. Rubbish may fool it; the parser, which is
// not recursive, refuses rubbish anyway.
bool nests_within(std::string_view text, std::size_t limit) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      i += c == '\\' ? 1 : 0;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limit) {
        return false;
      }
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return true;
}

std::optional<json> parse_object(std::string_view text) {
  if (!nests_within(text, kMaxNesting)) {
    return std::nullopt;
  }
  json document = json::parse(text.begin(), text.end(), nullptr, false);
  if (!document.is_object()) {  // a parse error is "discarded", no object
    return std::nullopt;
  }
  return document;
}

// Absent is false. Returns false when it is there and no boolean.
bool read_flag(const json& message, const char* name, bool& flag) {
  const auto found = message.find(name);
  if (found == message.end()) {
    return true;
  }
  if (!found->is_boolean()) {
    return false;
  }
  flag = found->get<bool>();
  return true;
}

// Absent and null are {}. Returns false when it is anything but an object.
bool take_parameters(json& message, json& parameters) {
  const auto found = message.find("parameters");
  if (found == message.end() || found->is_null()) {
    return true;
  }
  if (!found->is_object()) {
    return false;
  }
  parameters = std::move(*found);
  return true;
}

Error bad(const char* part) { return {Errc::invalid, part}; }

}  // namespace

Result<VarlinkCall> parse_call(std::string_view message) {
  std::optional<json> document = parse_object(message);
  if (!document) {
    return bad("message");
  }
  VarlinkCall call;
  bool upgrade = false;
  const auto method = document->find("method");
  if (method == document->end() || !method->is_string()) {
    return bad("method");
  }
  call.method = method->get_ref<const std::string&>();
  if (!take_parameters(*document, call.parameters)) {
    return bad("parameters");
  }
  if (!read_flag(*document, "oneway", call.oneway)) {
    return bad("oneway");
  }
  if (!read_flag(*document, "more", call.more)) {
    return bad("more");
  }
  if (!read_flag(*document, "upgrade", upgrade) || upgrade) {
    return bad("upgrade");
  }
  return call;
}

Result<VarlinkReply> parse_reply(std::string_view message) {
  std::optional<json> document = parse_object(message);
  if (!document) {
    return Error{Errc::invalid, "the reply is no JSON object"};
  }
  VarlinkReply reply;
  const auto error = document->find("error");
  if (error != document->end()) {
    if (!error->is_string() || error->get_ref<const std::string&>().empty()) {
      return Error{Errc::invalid, "the reply's error is no name"};
    }
    reply.error = error->get_ref<const std::string&>();
  }
  if (!take_parameters(*document, reply.parameters)) {
    return Error{Errc::invalid, "the reply's parameters are no object"};
  }
  if (!read_flag(*document, "continues", reply.continues)) {
    return Error{Errc::invalid, "the reply's continues is no boolean"};
  }
  return reply;
}

Error reply_error(const VarlinkReply& reply) {
  const std::string& name = reply.error;
  const Errc code = name == varlink_error::kDenied        ? Errc::not_permitted
                    : name == varlink_error::kOverloaded  ? Errc::overloaded
                    : name == varlink_error::kUnavailable ? Errc::unavailable
                    : name == varlink_error::kMethodNotFound ||
                            name == varlink_error::kInterfaceNotFound
                        ? Errc::not_supported
                        : Errc::invalid;
  const auto reason = reply.parameters.find("reason");
  const bool has_reason = reason != reply.parameters.end() && reason->is_string();
  const bool willing = code == Errc::unavailable;
  return {code, std::string("portwatchd ") +
                    (willing ? "cannot answer: " : "refuses: ") +
                    (has_reason ? reason->get<std::string>()
                                : name + " " + dump(reply.parameters))};
}

std::string call_message(std::string_view method, std::string_view parameters,
                         bool more) {
  std::string text = "{\"method\":\"";
  text += method;
  text += "\",\"parameters\":";
  text += parameters;
  text += more ? ",\"more\":true}" : "}";
  text += '\0';
  return text;
}

std::string reply_message(std::string_view parameters, bool continues) {
  std::string text = "{\"parameters\":";
  text.reserve(parameters.size() + 40);
  text += parameters;
  text += continues ? ",\"continues\":true}" : "}";
  text += '\0';
  return text;
}

std::string error_message(std::string_view error, const json& parameters) {
  std::string text = "{\"error\":\"";
  text += error;
  text += "\",\"parameters\":" + dump(parameters) + "}";
  text += '\0';
  return text;
}

std::string invalid_parameter_message(std::string_view parameter) {
  return error_message(varlink_error::kInvalidParameter,
                       {{"parameter", std::string(parameter)}});
}

std::string overloaded_message(std::string_view reason) {
  return error_message(varlink_error::kOverloaded,
                       {{"reason", std::string(reason)}});
}

}  // namespace portwatch
