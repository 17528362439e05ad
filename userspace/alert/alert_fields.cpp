#include "userspace/alert/alert_fields.h"

#include <optional>

#include "userspace/model/alert_text.h"
#include "userspace/model/change_facts.h"

namespace portwatch {
namespace {

// The kernel refuses a variable of 128 KiB, and so the whole run.
constexpr std::size_t kMaxValue = 4096;

class FieldList {
 public:
  void add(const char* name, std::string_view value) {
    const std::string text(value.substr(0, std::min(value.find('\0'), kMaxValue)));
    fields_.emplace_back("PORTWATCH_" + std::string(name), text);
  }
  void add(const char* name, const std::optional<std::string>& value) {
    if (value) {
      add(name, std::string_view(*value));
    }
  }
  void add_number(const char* name, std::uint64_t number) {
    if (number != 0) {
      add(name, std::string_view(std::to_string(number)));
    }
  }
  AlertFields take() { return std::move(fields_); }

 private:
  AlertFields fields_;
};

std::uint64_t count_of(const Change& change) {
  return change.loop ? change.loop->count : change.count;
}

void add_place(const Change& change, FieldList& out) {
  out.add_number("PORT", port_of(change));
  if (const auto protocol = protocol_of(change)) {
    out.add("PROTOCOL", to_string(*protocol));
  }
  if (const auto endpoint = endpoint_of(change)) {
    out.add("ADDRESS", std::string_view(address_text(*endpoint)));
  }
  out.add_number("NETNS", netns_of(change));
}

void add_series(const Change& change, FieldList& out) {
  if (const auto subject = subject_of(change)) {
    out.add("SUBJECT", std::string_view(subject->name));
    out.add("SUBJECT_KIND", to_string(subject->kind));
  }
  out.add_number("COUNT", count_of(change));
  if (!change.loop) {
    return;
  }
  out.add_number("WINDOW", static_cast<std::uint64_t>(change.loop->window.count()));
  out.add("CAUSE", std::string_view(change.loop->cause));
  if (change.loop->last_exit) {
    out.add("EXIT", std::string_view(to_string(*change.loop->last_exit)));
  }
}

void add_failure(const BindFailure& failure, FieldList& out) {
  out.add("OPERATION", to_string(failure.operation));
  out.add("ERROR", std::string_view(error_name(failure.error)));
  out.add("CAUSE", failure.why);
}

void add_process(const Process& process, FieldList& out) {
  out.add_number("PID", static_cast<std::uint64_t>(process.id.pid));
  out.add("PROCESS", process.name);
  out.add("USER", process.user);
  if (process.uid) {
    out.add("UID", std::string_view(std::to_string(*process.uid)));
  }
  out.add("UNIT", process.unit);
  out.add("CONTAINER", process.container);
}

// The first one that stands in the way.
void add_blocker(const std::vector<Binding>& blockers, FieldList& out) {
  for (const Binding& binding : blockers) {
    const Process* const holder = binding.holders && !binding.holders->empty()
                                      ? &binding.holders->front()
                                  : binding.creator ? &*binding.creator
                                                    : nullptr;
    if (holder != nullptr) {
      out.add_number("HOLDER_PID", static_cast<std::uint64_t>(holder->id.pid));
      out.add("HOLDER", holder->name);
      out.add("HOLDER_UNIT", holder->unit);
      return;
    }
  }
}

}  // namespace

AlertFields alert_fields(const Change& change) {
  FieldList out;
  out.add("EVENT", to_string(change.type));
  out.add("TIME", std::string_view(to_rfc3339(change.time)));
  out.add("TEXT", std::string_view(alert_text(change)));
  add_place(change, out);
  add_series(change, out);
  if (change.failure) {
    add_failure(*change.failure, out);
  }
  if (const Process* const process = process_of(change)) {
    add_process(*process, out);
  }
  if (const auto* const blockers = blockers_of(change)) {
    add_blocker(*blockers, out);
  }
  return out.take();
}

std::vector<std::string> hook_environment(const Change& change) {
  std::vector<std::string> environment = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  for (const auto& [name, value] : alert_fields(change)) {
    environment.push_back(name);
    environment.back().append("=").append(value);
  }
  return environment;
}

}  // namespace portwatch
