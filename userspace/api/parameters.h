// parameters.h - the parameters of a call, read strictly.
//
// Keeps the first fault as a ready error reply, so that a method reads all its
// parameters and then looks at fault(). Unknown names, wrong types and values
// out of range are InvalidParameter; a bad port is InvalidPort. null and absent
// are the same.
#pragma once

#include <concepts>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/api/json_reader.h"
#include "userspace/model/endpoint.h"

namespace portwatch {

class Parameters {
 public:
  // `object` (a JSON object) must outlive this. `known`: the names allowed.
  Parameters(const nlohmann::json& object,
             std::initializer_list<std::string_view> known);

  template <class T>
  std::optional<T> get(const char* name) {
    T value{};
    const nlohmann::json* found = find(name);
    if (found == nullptr) {
      return std::nullopt;
    }
    if (!convert(*found, value)) {
      reject(name);
      return std::nullopt;
    }
    return value;
  }
  std::optional<Port> port(const char* name);
  std::optional<Port> port_or_zero(const char* name);  // 0: an automatic one
  std::vector<Port> ports(const char* name);
  std::optional<Protocol> protocol(const char* name);
  // Puts family and address into `endpoint` when there are any.
  void address(const char* name, Endpoint& endpoint);

  // InvalidParameter for `name`, unless there is an earlier fault.
  void reject(std::string_view name);
  // The error reply to send instead of an answer; empty when all is well.
  const std::string& fault() const { return fault_; }

 private:
  const nlohmann::json* find(const char* name) const;
  Port port_from(const char* name, const nlohmann::json& value, Port least = 1);

  const nlohmann::json& object_;
  std::string fault_;
};

}  // namespace portwatch
