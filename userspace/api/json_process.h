// json_process.h - a process, and what is written the same way everywhere.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "userspace/api/json_writer.h"
#include "userspace/base/result.h"
#include "userspace/model/shared_process.h"

namespace portwatch {

class JsonReader;

// Without fds, which only holders have.
void write(JsonWriter& out, const Process& process);
void write_holder(JsonWriter& out, const Process& process);
Result<Process> process_from_json(const nlohmann::json& document);
void read_process(JsonReader& in, const char* name, SharedProcess& out);

void write_exit(JsonWriter& out, std::string_view name,
                const std::optional<ExitStatus>& maybe);
Result<ExitStatus> exit_from_json(const nlohmann::json& document);

// Of anything that has such a write().
template <class T>
void write(JsonWriter& out, const std::vector<T>& items) {
  out.begin_array();
  for (const T& item : items) {
    write(out, item);
  }
  out.end_array();
}

template <class T>
void write(JsonWriter& out, const std::optional<T>& maybe) {
  if (maybe) {
    write(out, *maybe);
  } else {
    out.null();
  }
}

inline void write(JsonWriter& out, const SharedProcess& process) {
  if (process) {
    write(out, *process);
  } else {
    out.null();
  }
}

template <class T>
void write_field(JsonWriter& out, std::string_view name, const T& content) {
  out.key(name);
  write(out, content);
}

}  // namespace portwatch
