// varlink_message.h - what is inside one Varlink message.
//
// Source: varlink.org ("Method Call") and, for what clients tolerate, systemd's
// sd-varlink: a reply has parameters, error and continues and nothing else.
// Pure and without exceptions: every rubbish becomes an Error.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "userspace/base/result.h"

namespace portwatch {

// Deeper than any message of ours, shallow enough for any stack.
inline constexpr std::size_t kMaxNesting = 32;

namespace varlink_error {
inline constexpr const char* kInterfaceNotFound =
    "org.varlink.service.InterfaceNotFound";
inline constexpr const char* kMethodNotFound = "org.varlink.service.MethodNotFound";
inline constexpr const char* kInvalidParameter =
    "org.varlink.service.InvalidParameter";
inline constexpr const char* kInvalidPort = "io.portwatch.InvalidPort";
inline constexpr const char* kDenied = "io.portwatch.Denied";
inline constexpr const char* kOverloaded = "io.portwatch.Overloaded";
inline constexpr const char* kUnavailable = "io.portwatch.Unavailable";
}  // namespace varlink_error

struct VarlinkCall {
  std::string method;  // "io.portwatch.Who"
  nlohmann::json parameters = nlohmann::json::object();
  bool oneway = false;
  bool more = false;
};

struct VarlinkReply {
  nlohmann::json parameters = nlohmann::json::object();
  std::string error;  // empty: success
  bool continues = false;
};

// Error: invalid; context is the faulty part, as InvalidParameter names it:
// "message" (no JSON object), "method", "parameters", "oneway", "more" (wrong
// type) or "upgrade" (asked for; we have nothing to upgrade to).
Result<VarlinkCall> parse_call(std::string_view message);
// Error: invalid; context is a sentence.
Result<VarlinkReply> parse_reply(std::string_view message);
// What a reply with an error says, in the words of a person. Codes: not_permitted,
// overloaded, unavailable, not_supported (a name that the server does not know),
// invalid.
Error reply_error(const VarlinkReply& reply);

// The writers take parameters as JSON text and end the message with its NUL.
std::string call_message(std::string_view method, std::string_view parameters,
                         bool more);
// `continues` is written only when true.
std::string reply_message(std::string_view parameters, bool continues = false);
std::string error_message(std::string_view error, const nlohmann::json& parameters);

// InvalidParameter {parameter}; Overloaded {reason}: the two that are sent from
// everywhere.
std::string invalid_parameter_message(std::string_view parameter);
std::string overloaded_message(std::string_view reason);

}  // namespace portwatch
